import { styleText } from 'node:util'
import type { Language } from '#database/chats/language.ts'
import type { Entity } from '#simulators/telegram/bot-api.ts'
import type { Conversation } from '#simulators/telegram/chat-state.ts'
import { terminalTexts } from './terminal-texts.ts'

type Message = Conversation['messages'][number]

/** A button that the person can press by its number. */
export interface Choice {
  message: number
  row: number
  column: number
  text: string
  url: string | undefined
  /** The text that the button copies. The terminal prints it. */
  copy: string | undefined
}

/**
 * The state of the terminal: the content of each message of the conversation by its id, also of earlier messages that
 * were not printed, and the buttons that have numbers.
 */
export interface Screen {
  readonly shown: ReadonlyMap<number, string>
  readonly choices: readonly Choice[]
}

export const emptyScreen: Screen = { shown: new Map(), choices: [] }

/** How many earlier messages are shown at the start. */
const shownAtStart = 10

/**
 * `lines`: what to print so that the terminal shows the current conversation. `screen`: the screen after these lines.
 */
export const update = (
  screen: Screen,
  { messages, name }: Pick<Conversation, 'messages' | 'name'>,
  { language, colours }: { language: Language; colours: boolean },
): { lines: string[]; screen: Screen } => {
  const shown = new Map<number, string>()
  const changed: Message[] = []
  for (const message of messages) {
    const content = JSON.stringify([message.text, message.entities, message.buttons, message.photo])
    shown.set(message.id, content)
    if (screen.shown.get(message.id) !== content) changed.push(message)
  }
  const printed = screen.shown.size === 0 ? changed.slice(-shownAtStart) : changed
  const newest = messages.findLast(({ buttons }) => buttons.length > 0)
  // The numbers belong to the last printed message with buttons, even if it is an edited message and newer messages
  // exist. If no printed message has buttons, the numbered message stays the same.
  const current = printed.findLast(({ buttons }) => buttons.length > 0) ?? newest
  const stillThere = messages.find(({ id }) => id === screen.choices[0]?.message)
  const kept = printed.some(({ buttons }) => buttons.length > 0) ? current : (stillThere ?? current)
  const choices = kept === undefined ? [] : choicesOf(kept)
  const lines = printed.flatMap(message =>
    linesOf(
      message,
      {
        name,
        target: messages.find(({ id }) => id === message.replyTo),
        isEdit: screen.shown.has(message.id),
        isNumbered: message === kept,
      },
      { language, colours },
    ),
  )
  return { lines, screen: { shown, choices } }
}

const choicesOf = (message: Message): Choice[] =>
  message.buttons.flatMap((buttons, row) =>
    buttons.map(({ text, url, copy }, column) => ({ message: message.id, row, column, text, url, copy })),
  )

const linesOf = (
  message: Message,
  {
    name,
    target,
    isEdit,
    isNumbered,
  }: { name: string; target: Message | undefined; isEdit: boolean; isNumbered: boolean },
  { language, colours }: { language: Language; colours: boolean },
): string[] => {
  const texts = terminalTexts[language]
  const paint = painter(colours)
  const time = new Date(message.at).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', hour12: false })
  const who = message.mine ? paint.green(texts.you) : paint.cyan(plain(name))
  const marks = [time, isEdit ? texts.edited : '', message.photo === null ? '' : texts.photo].filter(
    mark => mark !== '',
  )
  const body = styled(message.text, message.entities, paint).split('\n')
  const quote = target === undefined ? [] : [paint.dim(`↪ ${plain(target.text.split('\n')[0] ?? '')}`)]
  let number = 0
  const rows = message.buttons.map(row =>
    row
      .map(({ text, url }) => {
        number++
        const label = `${plain(text)}${url === undefined || text.includes('↗') ? '' : ' ↗'}`
        return isNumbered ? `[${paint.bold(String(number))} ${label}]` : `[${label}]`
      })
      .join(' '),
  )
  return ['', `${who} ${paint.dim(`· ${marks.join(' · ')}`)}`, ...[...quote, ...body, ...rows].map(line => `  ${line}`)]
}

interface Paint {
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
  cyan(text: string): string
  italic(text: string): string
}

export const painter = (colours: boolean): Paint => {
  const style = (format: keyof Paint) => (text: string) =>
    colours && text !== '' ? styleText(format, text, { validateStream: false }) : text
  return { bold: style('bold'), dim: style('dim'), green: style('green'), cyan: style('cyan'), italic: style('italic') }
}

/**
 * The text without control characters other than line breaks, so that the name of a series cannot contain escape
 * sequences for the terminal.
 */
export const plain = (text: string): string => text.replace(/[^\P{Cc}\n]/gu, '')

const styled = (text: string, entities: readonly Entity[], paint: Paint): string => {
  let out = ''
  let at = 0
  // Entities inside other entities are skipped, because a terminal does not need nested styles.
  for (const entity of entities) {
    if (entity.offset < at) continue
    out += plain(text.slice(at, entity.offset))
    at = entity.offset + entity.length
    out += painted(entity, plain(text.slice(entity.offset, at)), paint)
  }
  return out + plain(text.slice(at))
}

const painted = (entity: Entity, text: string, paint: Paint): string => {
  switch (entity.type) {
    case 'bold':
      return lineByLine(text, paint.bold)
    case 'italic':
      return lineByLine(text, paint.italic)
    case 'code':
    case 'pre':
    case 'url':
    case 'bot_command':
      return lineByLine(text, paint.cyan)
    case 'text_link':
      return entity.url === undefined ? text : `${text} (${plain(entity.url)})`
    default:
      return text
  }
}

const lineByLine = (text: string, paint: (line: string) => string) => text.split('\n').map(paint).join('\n')

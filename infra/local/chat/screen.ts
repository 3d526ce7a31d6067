import { styleText } from 'node:util'
import type { Language } from '#database/chats/language.ts'
import type { Entity } from '#simulators/telegram/bot-api.ts'
import type { Conversation } from '#simulators/telegram/chat-state.ts'
import { WORDS } from './words.ts'

type Message = Conversation['messages'][number]

/** A button that can be pressed by its number. */
export interface Choice {
  message: number
  row: number
  column: number
  text: string
  url: string | undefined
}

/** What of a conversation is on the screen: by message, how it looked. Numbers belong to the newest message with buttons. */
export interface Screen {
  readonly shown: ReadonlyMap<number, string>
  readonly choices: readonly Choice[]
}

export const EMPTY: Screen = { shown: new Map(), choices: [] }

/** How many messages of before are shown at the start. */
const LAST = 10

/** The lines that bring the screen to what the conversation is now, and the screen then. */
export const update = (
  screen: Screen,
  { messages, name }: Pick<Conversation, 'messages' | 'name'>,
  { language, colours }: { language: Language; colours: boolean },
): { lines: string[]; screen: Screen } => {
  const shown = new Map<number, string>()
  const news: Message[] = []
  for (const message of messages) {
    const looks = JSON.stringify([message.text, message.entities, message.buttons, message.photo])
    shown.set(message.id, looks)
    if (screen.shown.get(message.id) !== looks) news.push(message)
  }
  const told = screen.shown.size === 0 ? news.slice(-LAST) : news
  const newest = messages.findLast(({ buttons }) => buttons.length > 0)
  // A card that was edited is the one the person is looking at, even where others came after it.
  const current = told.findLast(({ buttons }) => buttons.length > 0) ?? newest
  const stillThere = messages.find(({ id }) => id === screen.choices[0]?.message)
  const kept = told.some(({ buttons }) => buttons.length > 0) ? current : (stillThere ?? current)
  const choices = kept === undefined ? [] : choicesOf(kept)
  const lines = told.flatMap(message =>
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
    buttons.map(({ text, url }, column) => ({ message: message.id, row, column, text, url })),
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
  const words = WORDS[language]
  const paint = painter(colours)
  const time = new Date(message.at).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', hour12: false })
  const who = message.mine ? paint.green(words.you) : paint.cyan(plain(name))
  const marks = [time, isEdit ? words.edited : '', message.photo === null ? '' : words.photo].filter(
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

/** Without what a terminal would take for commands: a show's name must not move the cursor. */
export const plain = (text: string): string => text.replace(/[^\P{Cc}\n]/gu, '')

const styled = (text: string, entities: readonly Entity[], paint: Paint): string => {
  let out = ''
  let at = 0
  // Only those that lie outside others: a terminal needs no nesting.
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

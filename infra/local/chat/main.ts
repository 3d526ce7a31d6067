import { createInterface } from 'node:readline'
import type { ChatState, Pane } from '#simulators/telegram/chat-state.ts'
import { chatLink, NoChat } from './link.ts'
import { emptyScreen, painter, plain, type Screen, update } from './screen.ts'
import { terminalLanguage, terminalTexts } from './terminal-texts.ts'

// The chat in a terminal (`npm run chat`). The lines may also come from a pipe. The chat uses the runtime that `npm
// start` has started.

const language = terminalLanguage(process.env)
const texts = terminalTexts[language]
const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
const colours = process.stdout.isTTY === true && !process.env.NO_COLOR
const paint = painter(colours)

/** After the last line of a pipe, the chat waits for answers until none has come for this long. */
const quietMs = 3000
const retryMs = 1000

const fail = (line: string): never => {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

const portText = process.env.PORT || '8080'
const port =
  /^\d{1,5}$/.test(portText) && Number(portText) >= 1 && Number(portText) <= 65_535
    ? Number(portText)
    : fail(texts.badPort(portText))
const link = chatLink(port, language)
const keyboard = createInterface({ input: process.stdin, output: process.stdout, terminal: isTerminal, prompt: '› ' })

let pane: Pane = 'main'
let state: ChatState | undefined
const screens: Record<Pane, Screen> = { main: emptyScreen, operators: emptyScreen }
const unread: Record<Pane, number> = { main: 0, operators: 0 }
const pressed = new Set<string>()
let lastPrintedAt = performance.now()

/** Prints lines above the line that the person is typing. */
const print = (lines: readonly string[]) => {
  if (lines.length === 0) return
  lastPrintedAt = performance.now()
  if (isTerminal) process.stdout.write('\r\u001b[K')
  process.stdout.write(`${lines.join('\n')}\n`)
  if (isTerminal) keyboard.prompt(true)
}

const conversation = (which: Pane) => state?.conversations.find(other => other.pane === which)

const show = () => {
  const here = conversation(pane)
  if (here === undefined) return
  const next = update(screens[pane], here, { language, colours })
  screens[pane] = next.screen
  unread[pane] = here.messages.length
  const answers = [...pressed].flatMap(query => {
    const answer = here.answers[query]
    if (answer === undefined) return []
    pressed.delete(query)
    return answer.text === '' ? [] : [`  ${paint.dim('»')} ${plain(answer.text)}`]
  })
  const elsewhere: Pane = pane === 'main' ? 'operators' : 'main'
  const there = conversation(elsewhere)?.messages.length ?? 0
  const more =
    there > unread[elsewhere] ? [paint.dim(texts.unread(there - unread[elsewhere], texts.pane[elsewhere]))] : []
  unread[elsewhere] = there
  print([...next.lines, ...answers, ...more])
}

const press = async (number: number) => {
  const { choices } = screens[pane]
  const choice = choices[number - 1]
  if (choice === undefined) return print([texts.noButton(number, choices.length)])
  if (choice.copy !== undefined) return print([plain(choice.copy)])
  if (choice.url !== undefined) return print([`${texts.link} ${plain(choice.url)}`])
  const query = await link.press(pane, choice)
  if (query !== '') pressed.add(query)
  show()
}

const handleLine = async (line: string): Promise<void> => {
  const number = /^:?(\d{1,3})$/.exec(line)?.[1]
  if (number !== undefined && (line.startsWith(':') || screens[pane].choices.length > 0)) return press(Number(number))
  switch (line.trim().toLowerCase()) {
    case '':
      return
    case ':q':
    case ':s':
      return stop(0)
    case ':h':
      return print(texts.help)
    case ':o':
      pane = pane === 'main' ? 'operators' : 'main'
      print(['', paint.bold(`— ${texts.pane[pane]} —`)])
      return show()
    case ':r':
      return link.restart(pane)
  }
  if (line.startsWith(':')) return print([texts.unknown(line.trim())])
  if (conversation(pane)?.isBlocked) return print([texts.blocked])
  if (pane === 'operators') return print([texts.listenOnly])
  // Deletes the typed line, because the conversation then shows the message.
  if (isTerminal) process.stdout.write('\u001b[1A\r\u001b[K')
  await link.send(pane, line.trim())
}

let stopping = false
let following: ReturnType<typeof link.follow> | undefined

const stop = (code: number) => {
  stopping = true
  following?.stop()
  keyboard.close()
  process.exitCode = code
}

/** Lines are handled one after the other, so that the lines of a pipe keep their order. */
let turn = Promise.resolve()
keyboard.on('line', line => {
  turn = turn.then(async () => {
    if (stopping) return
    try {
      await handleLine(line)
      if (!isTerminal) await quiet(quietMs / 3)
    } catch (error) {
      print([`${texts.failed} ${error instanceof Error ? error.message : String(error)}`])
    }
    if (isTerminal && !stopping) keyboard.prompt()
  })
})
keyboard.on('close', () => {
  if (stopping) return
  turn = turn.then(async () => {
    if (!isTerminal) await quiet(quietMs)
    else process.stdout.write('\n')
    stop(0)
  })
})

/** Waits until nothing has been printed for `ms` milliseconds. */
const quiet = async (ms: number) => {
  lastPrintedAt = performance.now()
  while (performance.now() - lastPrintedAt < ms) await new Promise(resolve => setTimeout(resolve, 50))
}

const failWithoutChat = (error: unknown): never => {
  if (!(error instanceof NoChat)) throw error
  switch (error.why) {
    case 'nothing runs':
      return fail(texts.nothingRuns(port))
    case 'starting':
      return fail(texts.starting)
    case 'real bot':
      return fail(texts.realBot)
    case 'not Vigia':
      return fail(texts.notVigia(port))
  }
}

const follow = async () => {
  let isLost = false
  while (!stopping) {
    following = link.follow(next => {
      state = next
      if (isLost) print([texts.back])
      isLost = false
      show()
    })
    await following.ended
    if (stopping) return
    if (!isLost) print([texts.lost])
    isLost = true
    await new Promise(resolve => setTimeout(resolve, retryMs))
  }
}

state = await link.state().catch(failWithoutChat)
unread.operators = conversation('operators')?.messages.length ?? 0
if (isTerminal) print([paint.dim(texts.welcome)])
if (isTerminal && conversation('main')?.messages.length === 0) {
  print([
    '',
    texts.tryThis,
    ...state.hints.map(hint => `  ${plain(hint.text)}: ${paint.cyan(plain(hint.send ?? hint.link ?? ''))}`),
  ])
}
show()
await follow()

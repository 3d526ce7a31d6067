import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Language } from '#database/chats/language.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import type { BotCommand } from './bot-api.ts'
import { type Hint, hints } from './page/hints.ts'
import { pageTexts } from './page/texts.ts'
import { type SimulatedUser, type VisibleMessage, visibleMessage } from './people.ts'
import { placeholderPhoto } from './placeholder-photo.ts'
import type { Bot, Person, TelegramState } from './state.ts'

/** Which of the two bots a person talks to. */
export type Pane = 'main' | 'operators'

/** What the page (and the terminal's client) shows of a conversation. */
export interface Conversation {
  pane: Pane
  name: string
  username: string
  isBlocked: boolean
  messages: (Omit<VisibleMessage, 'at'> & { at: string })[]
  commands: BotCommand[]
  /** Answers to presses, by the id that `press` gave. */
  answers: Record<string, { text: string; alert: boolean }>
}

export interface ChatState {
  language: Language
  conversations: Conversation[]
  hints: Hint[]
}

export interface ChatPage {
  /** Answers what lies under /chat; false for everything else. Host and Origin are for the caller to check. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  stop(): void
}

export interface PageOptions {
  state: TelegramState
  person: Person
  panes: Record<Pane, { bot: Bot; seat: SimulatedUser }>
  /** When the bulletin airs next, for the hints. */
  nextEpisode?: (() => Date) | undefined
  /** There are test sites at `sites.localhost`, on the port of the page. */
  hasSites?: boolean | undefined
}

/** Who reads: in which language, and through which port (`:8080`, or nothing). */
interface Reader {
  language: Language
  port: string
}

const readerOf = ({ headers }: IncomingMessage): Reader => ({
  language: preferredLanguage(headers['accept-language']),
  port: /:\d+$/.exec(headers.host ?? '')?.[0] ?? '',
})

const asset = (name: string) => readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="#1f7a8c"/>' +
  '<path d="M4 16Q16 4 28 16Q16 28 4 16Z" fill="#fff"/><circle cx="16" cy="16" r="5" fill="#1f7a8c"/></svg>'

const maxBodyBytes = 64 * 1024
const maxShownMessages = 200
const maxShownAnswers = 30
/** Changes that come together are shown together. */
const pushDelayMs = 20

/** The chat in the browser: a page, its files, a stream of what changes, and the few things a person can do. */
export const chatPage = ({ state, person, panes, nextEpisode, hasSites }: PageOptions): ChatPage => {
  const streams = new Map<ServerResponse, Reader>()
  let cancel: (() => void) | undefined

  const chatState = ({ language, port }: Reader): ChatState => ({
    language,
    conversations: (['main', 'operators'] as const).map(pane =>
      conversation(state, person, pane, panes[pane], language),
    ),
    hints: hints(language, {
      nextEpisode: nextEpisode?.(),
      sitesUrl: hasSites ? `http://sites.localhost${port}` : undefined,
    }),
  })
  const push = () => {
    cancel = undefined
    for (const [stream, reader] of streams) stream.write(`data: ${JSON.stringify(chatState(reader))}\n\n`)
  }
  const watcher = () => {
    cancel ??= state.time.after(pushDelayMs, push)
  }
  state.watchers.add(watcher)

  const act = async (request: IncomingMessage, response: ServerResponse, action: string) => {
    if (request.headers['vigia-local'] !== '1') {
      return json(response, 403, { error: 'this call needs the header Vigia-Local: 1' })
    }
    const given = await body(request)
    const pane = given?.pane === 'operators' ? 'operators' : 'main'
    const { seat } = panes[pane]
    try {
      switch (action) {
        case 'send': {
          if (typeof given?.text !== 'string' || given.text.trim() === '' || given.text.length > 4096) {
            return json(response, 400, { error: 'text should be 1 to 4096 characters' })
          }
          const replyTo = typeof given.replyTo === 'number' ? { replyTo: given.replyTo } : {}
          return json(response, 200, { message: seat.send(given.text, replyTo) })
        }
        case 'press': {
          const message = seat.messages().find(({ id }) => id === given?.message)
          const button = message?.buttons[Number(given?.row)]?.[Number(given?.column)]
          if (message === undefined || button === undefined) return json(response, 404, { error: 'no such button' })
          return json(response, 200, { query: seat.press(button.text, { message: message.id, data: button.data }).id })
        }
        case 'block':
          seat.block()
          return json(response, 200, {})
        case 'unblock':
          seat.unblock()
          return json(response, 200, {})
        default:
          return json(response, 404, { error: `there is no ${action} here` })
      }
    } catch (error) {
      return json(response, 409, { error: error instanceof Error ? error.message : String(error) })
    }
  }

  const handle = (request: IncomingMessage, response: ServerResponse): boolean => {
    const { pathname } = new URL(request.url ?? '/', 'http://chat')
    if (pathname !== '/chat' && !pathname.startsWith('/chat/')) return false
    const reader = readerOf(request)
    const { language } = reader
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const action = /^\/chat\/api\/([a-z]+)$/.exec(pathname)?.[1]
    if (action !== undefined && request.method === 'POST') {
      act(request, response, action).catch(() => response.destroy())
      return true
    }
    if (!isRead) {
      json(response, 405, { error: `${request.method} is not for this` })
      return true
    }
    const picture = /^\/chat\/photo\/(main|operators)\/(\d+)\.svg$/.exec(pathname)
    if (picture !== null) {
      const message = panes[picture[1] as Pane].seat.messages().find(({ id }) => id === Number(picture[2]))
      if (message?.photo)
        send(response, 200, 'image/svg+xml', placeholderPhoto(message.photo, message.text.split('\n')[0] ?? ''))
      else json(response, 404, { error: 'no such photo' })
      return true
    }
    switch (pathname) {
      case '/chat':
      case '/chat/':
        setPersonLanguage(person, panes.main.seat, language)
        send(response, 200, 'text/html', html(language))
        return true
      case '/chat/chat.js':
        send(response, 200, 'text/javascript', asset('chat.js'))
        return true
      case '/chat/text.js':
        send(response, 200, 'text/javascript', asset('text.js'))
        return true
      case '/chat/chat.css':
        send(response, 200, 'text/css', asset('chat.css'))
        return true
      case '/chat/icon.svg':
        send(response, 200, 'image/svg+xml', icon)
        return true
      case '/chat/api/state':
        setPersonLanguage(person, panes.main.seat, language)
        json(response, 200, chatState(reader))
        return true
      case '/chat/api/stream':
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
        response.write(`data: ${JSON.stringify(chatState(reader))}\n\n`)
        streams.set(response, reader)
        response.on('close', () => streams.delete(response))
        return true
      default:
        json(response, 404, { error: `there is no ${pathname} here` })
        return true
    }
  }

  return {
    handle,
    stop: () => {
      cancel?.()
      state.watchers.delete(watcher)
      for (const stream of streams.keys()) stream.destroy()
    },
  }
}

const conversation = (
  state: TelegramState,
  person: Person,
  pane: Pane,
  { bot, seat }: { bot: Bot; seat: SimulatedUser },
  language: Language,
): Conversation => {
  const shown = (bot.chats.get(seat.chatId)?.messages ?? []).filter(({ deleted }) => !deleted).slice(-maxShownMessages)
  const answered = [...bot.queries.values()].slice(-maxShownAnswers)
  const menu = bot.commands.get(language === 'pt-BR' ? 'default|pt' : 'default|en')
  return {
    pane,
    name: pageTexts[language].bots[pane],
    username: bot.username,
    isBlocked: seat.isBlocked(),
    messages: shown.map(message => {
      const { at, ...rest } = visibleMessage(state, person, message)
      return { ...rest, at: at.toISOString() }
    }),
    commands: menu ?? bot.commands.get('default|') ?? [],
    answers: Object.fromEntries(answered.flatMap(({ id, answer }) => (answer === undefined ? [] : [[id, answer]]))),
  }
}

/** Before the first word the person's Telegram is in the language of their browser. */
const setPersonLanguage = (person: Person, seat: SimulatedUser, language: Language) => {
  if (seat.messages().length === 0) person.languageCode = language === 'pt-BR' ? 'pt-br' : 'en'
}

const body = async (request: IncomingMessage): Promise<Record<string, unknown> | null> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > maxBodyBytes) return null
    chunks.push(chunk)
  }
  try {
    const given: unknown = JSON.parse(Buffer.concat(chunks).toString())
    return given !== null && typeof given === 'object' ? { ...given } : null
  } catch {
    return null
  }
}

const json = (response: ServerResponse, status: number, value: object) =>
  send(response, status, 'application/json', JSON.stringify(value))

const send = (response: ServerResponse, status: number, type: string, text: string): void => {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  })
  response.end(text)
}

/** `<` cannot end a block of data early when it is written as an escape. */
const data = (value: object) => JSON.stringify(value).replaceAll('<', '\\u003c')

const html = (language: Language): string => {
  const words = pageTexts[language].page
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${words.title}</title>
<link rel="icon" href="/chat/icon.svg">
<link rel="stylesheet" href="/chat/chat.css">
<script type="application/json" id="words">${data(words)}</script>
<script type="module" src="/chat/chat.js"></script>
</head>
<body>
<div class="app">
  <aside aria-label="${words.chats}">
    <header><h1>${words.title}</h1><p>${words.simulated}</p></header>
    <div role="tablist" aria-label="${words.chats}" id="tabs"></div>
    <details id="hints"><summary>${words.tryThis}</summary><ol></ol></details>
  </aside>
  <main><section id="conversation" role="tabpanel" tabindex="-1">
    <header class="head"><span class="face" aria-hidden="true"></span><div><h2></h2><p class="handle"></p></div>
      <button type="button" id="block" class="quiet"></button></header>
    <p id="notice" role="status"></p>
    <div id="messages" role="log" aria-label="${words.messages}" aria-busy="true" tabindex="0"></div>
    <div id="toast" role="status" hidden></div>
    <button type="button" id="newer" hidden>${words.newer}</button>
    <div id="menu" hidden></div>
    <form id="composer">
      <button type="button" id="commands" aria-expanded="false" aria-controls="menu" title="${words.commands}">
        <span aria-hidden="true">/</span><span class="unseen">${words.commands}</span></button>
      <label class="unseen" for="text">${words.write}</label>
      <textarea id="text" rows="1" maxlength="4096" placeholder="${words.write}" autocomplete="off"></textarea>
      <button type="submit" id="send" title="${words.send}"><span aria-hidden="true">➤</span><span class="unseen">${words.send}</span></button>
    </form>
    <p id="listen-only" hidden>${words.listenOnly}</p>
    <button type="button" id="restart" hidden>${words.restart}</button>
  </section></main>
</div>
<dialog id="alert" aria-labelledby="alert-text"><p id="alert-text"></p><form method="dialog"><button class="close">${words.close}</button></form></dialog>
<noscript>${words.noScript}</noscript>
</body>
</html>
`
}

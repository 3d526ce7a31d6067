import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Language } from '#database/chats/language.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import {
  type App,
  type AppContext,
  type AppHandler,
  createApp,
  jsonBody,
  nodeListener,
  route,
} from '#infra/http/app.ts'
import { jsonResponse, pageHeaders, textResponse } from '#infra/http/responses.ts'
import { type ChatState, conversationOf, type Pane, type PaneChat } from './chat-state.ts'
import { imageSize } from './image-size.ts'
import { hints } from './page/hints.ts'
import { chatHtml } from './page/html.ts'
import { placeholderPhoto } from './placeholder-photo.ts'
import type { Person, TelegramState } from './state.ts'
import type { SimulatedUser } from './user.ts'

export interface ChatPage {
  /** Handles a request for a path below /chat; returns false for any other path. The caller checks Host and Origin. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  stop(): void
}

export interface ChatPageOptions {
  state: TelegramState
  /** The person who uses the page. */
  person: Person
  panes: Record<Pane, PaneChat>
  /** For the hints: the time of the next episode of the show that airs every five minutes. */
  nextEpisode?: (() => Date) | undefined
  /** For the hints: whether the test sites are served at `sites.localhost`, on the port of the page. */
  hasSites?: boolean | undefined
  /** Called with a line for each error in the code that serves the page. */
  log?: ((line: string) => void) | undefined
}

/** The language of a browser, and the port in its Host header (`:8080`, or '' for the default port). */
interface Reader {
  language: Language
  port: string
}

const readerOf = ({ req }: AppContext): Reader => ({
  language: preferredLanguage(req.header('accept-language')),
  port: /:\d+$/.exec(req.header('host') ?? '')?.[0] ?? '',
})

const asset = (name: string) => readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')

const headers = pageHeaders(
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
)

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="#1f7a8c"/>' +
  '<path d="M4 16Q16 4 28 16Q16 28 4 16Z" fill="#fff"/><circle cx="16" cy="16" r="5" fill="#1f7a8c"/></svg>'

const maxBodyBytes = 64 * 1024

/** The chat in the browser: the page and its files, the state, a stream of its changes, and the person's actions. */
export const chatPage = ({ state, person, panes, nextEpisode, hasSites, log }: ChatPageOptions): ChatPage => {
  const chatState = ({ language, port }: Reader): ChatState => ({
    language,
    conversations: (['main', 'operators'] as const).map(pane =>
      conversationOf(state, person, pane, panes[pane], language),
    ),
    hints: hints(language, {
      nextEpisode: nextEpisode?.(),
      sitesUrl: hasSites ? `http://sites.localhost${port}` : undefined,
    }),
  })
  const updates = stateStreams(state, chatState)

  const app = createApp()
  const page: AppHandler = context => {
    const { language } = readerOf(context)
    setPersonLanguage(person, panes.main.user, language)
    return textResponse('text/html', chatHtml(language), headers)
  }
  route(app, '/chat', { get: page })
  route(app, '/chat/', { get: page })
  route(app, '/chat/chat.js', { get: () => textResponse('text/javascript', asset('chat.js'), headers) })
  route(app, '/chat/text.js', { get: () => textResponse('text/javascript', asset('text.js'), headers) })
  route(app, '/chat/chat.css', { get: () => textResponse('text/css', asset('chat.css'), headers) })
  route(app, '/chat/icon.svg', { get: () => textResponse('image/svg+xml', icon, headers) })
  route(app, '/chat/photo/:pane{main|operators}/:file{[0-9]+\\.(?:svg|image)}', {
    get: ({ req }) => {
      const { user } = panes[req.param('pane') as Pane]
      const message = user.messages().find(({ id }) => id === Number.parseInt(req.param('file') ?? '', 10))
      const picture = message && user.picture(message.id)
      if (picture) return pictureResponse(picture)
      if (!message?.photo) return jsonResponse(404, { error: 'this message does not exist or has no photo' })
      return textResponse('image/svg+xml', placeholderPhoto(message.photo, message.text.split('\n')[0] ?? ''), headers)
    },
  })
  route(app, '/chat/api/state', {
    get: context => {
      const reader = readerOf(context)
      setPersonLanguage(person, panes.main.user, reader.language)
      return jsonResponse(200, chatState(reader))
    },
  })
  route(app, '/chat/api/stream', {
    get: context => {
      updates.open(context.env.outgoing as ServerResponse, readerOf(context))
      return RESPONSE_ALREADY_SENT
    },
  })
  actionRoutes(app, panes)
  app.notFound(({ req }) => jsonResponse(404, { error: `there is nothing at ${req.path}` }))
  const listener = nodeListener(app, error => log?.(`the chat page failed: ${String(error)}`))

  return {
    handle: (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://chat')
      if (pathname !== '/chat' && !pathname.startsWith('/chat/')) return false
      void listener(request, response)
      return true
    },
    stop: updates.stop,
  }
}

const pictureResponse = (bytes: Buffer): Response =>
  new Response(new Uint8Array(bytes), {
    headers: { ...headers, 'content-type': imageSize(bytes)?.type ?? 'application/octet-stream' },
  })

/**
 * Adds the routes of the person's actions; `pane` in the JSON body names the chat. An action that Telegram would not
 * allow is answered with 409.
 */
const actionRoutes = (app: App, panes: Record<Pane, PaneChat>): void => {
  const action = (name: string, act: (user: SimulatedUser, body: Record<string, unknown> | null) => Response) =>
    route(app, `/chat/api/${name}`, {
      post: async context => {
        const body = await jsonBody(context, maxBodyBytes)
        try {
          return act(panes[body?.pane === 'operators' ? 'operators' : 'main'].user, body)
        } catch (error) {
          return jsonResponse(409, { error: error instanceof Error ? error.message : String(error) })
        }
      },
    })

  action('send', (user, body) => {
    if (typeof body?.text !== 'string' || body.text.trim() === '' || body.text.length > 4096)
      return jsonResponse(400, { error: 'text must have 1 to 4096 characters' })
    const replyTo = typeof body.replyTo === 'number' ? { replyTo: body.replyTo } : {}
    return jsonResponse(200, { message: user.send(body.text, replyTo) })
  })
  action('press', (user, body) => {
    const message = user.messages().find(({ id }) => id === body?.message)
    const button = message?.buttons[Number(body?.row)]?.[Number(body?.column)]
    if (message === undefined || button === undefined) return jsonResponse(404, { error: 'this button does not exist' })
    return jsonResponse(200, { query: user.press(button.text, { message: message.id, data: button.data }).id })
  })
  action('block', user => {
    user.block()
    return jsonResponse(200, {})
  })
  action('unblock', user => {
    user.unblock()
    return jsonResponse(200, {})
  })
}

/** Changes within this time are pushed together. */
const pushDelayMs = 20

/** The open streams of server-sent events. Each stream gets the whole state when it opens and after every change. */
const stateStreams = (state: TelegramState, chatState: (reader: Reader) => ChatState) => {
  const streams = new Map<ServerResponse, Reader>()
  let cancelPush: (() => void) | undefined
  const write = (stream: ServerResponse, reader: Reader) =>
    stream.write(`data: ${JSON.stringify(chatState(reader))}\n\n`)
  const push = () => {
    cancelPush = undefined
    for (const [stream, reader] of streams) write(stream, reader)
  }
  const pushSoon = () => {
    cancelPush ??= state.time.after(pushDelayMs, push)
  }
  state.watchers.add(pushSoon)
  return {
    open: (stream: ServerResponse, reader: Reader) => {
      stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      write(stream, reader)
      streams.set(stream, reader)
      stream.on('close', () => streams.delete(stream))
    },
    stop: () => {
      cancelPush?.()
      state.watchers.delete(pushSoon)
      for (const stream of streams.keys()) stream.destroy()
    },
  }
}

/** Sets the language of the person's Telegram to that of their browser, as long as the chat has no message. */
const setPersonLanguage = (person: Person, user: SimulatedUser, language: Language) => {
  if (user.messages().length === 0) person.languageCode = language === 'pt-BR' ? 'pt-br' : 'en'
}

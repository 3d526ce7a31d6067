import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { type Context, type Handler, Hono, type MiddlewareHandler } from 'hono'
import { jsonResponse } from './responses.ts'

/**
 * The types of a Hono context: `context.env` has the request and response of node:http as `incoming` and `outgoing`.
 */
export type AppEnv = { Bindings: HttpBindings }
export type App = Hono<AppEnv>
export type AppContext = Context<AppEnv>
export type AppHandler = Handler<AppEnv>

/**
 * An empty Hono application. Routes are compared with the path as the client sent it, without percent-decoding, so that
 * two spellings of a path are two paths.
 */
export const createApp = (): App => new Hono<AppEnv>({ getPath: ({ url }) => new URL(url).pathname })

/**
 * Registers the handlers of a path. The handler of GET answers HEAD too. A method without a handler is refused with 405
 * and the header Allow. A POST changes something, so it needs the header `Vigia-Local: 1`.
 */
export const route = (app: App, path: string, { get, post }: { get?: AppHandler; post?: AppHandler }): void => {
  if (get) app.get(path, get)
  if (post) app.post(path, requireLocalHeader, post)
  const allow = [...(get ? ['GET', 'HEAD'] : []), ...(post ? ['POST'] : [])].join(', ')
  app.all(path, ({ req }) => jsonResponse(405, { error: `${req.path} only accepts ${allow}` }, { allow }))
}

/**
 * Refuses a request without the header `Vigia-Local: 1`. A page of another origin cannot send this header: the browser
 * sends an OPTIONS request first, and that request is refused.
 */
const requireLocalHeader: MiddlewareHandler<AppEnv> = async ({ req }, next) =>
  req.header('vigia-local') === '1'
    ? next()
    : jsonResponse(403, { error: 'requests that change something need the header Vigia-Local: 1' })

/** The JSON object in a request's body; null if the body is larger than `mostBytes` or is not a JSON object. */
export const jsonBody = async ({ env }: AppContext, mostBytes: number): Promise<Record<string, unknown> | null> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of env.incoming) {
    bytes += chunk.length
    if (bytes > mostBytes) return null
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString())
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

/**
 * The application as a listener of node:http. `failed` gets the errors that no handler caught; the client then gets
 * 500. The listener does not replace Node's global Request and Response. Node itself discards a body that no handler
 * reads.
 */
export const nodeListener = (
  app: App,
  failed: (error: unknown) => void,
): ((request: IncomingMessage, response: ServerResponse) => Promise<void>) => {
  const errorHandler = (error: unknown) => {
    if (error instanceof Error && error.name === 'RequestError') return jsonResponse(400, { error: error.message })
    failed(error)
    return jsonResponse(500, { error: error instanceof Error ? error.message.split('\n')[0] : 'unknown error' })
  }
  app.onError(errorHandler)
  return getRequestListener(app.fetch, { overrideGlobalObjects: false, autoCleanupIncoming: false, errorHandler })
}

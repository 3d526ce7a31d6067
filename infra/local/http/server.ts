import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendJson } from '#infra/http/responses.ts'
import { Refusal } from '#infra/refusal.ts'
import { whyForeign } from './foreign-request.ts'
import { holderOf } from './port-holder.ts'
import { type Hosts, type RequestTarget, requestTarget } from './request-target.ts'

/** The server on PORT, which only this machine reaches. It listens while Vigia is still starting. */
export interface Server {
  readonly port: number
  /** Passes requests to these handlers. Before this call all requests go to `starting`. */
  serve(handlers: Handlers): void
  /** Answers new requests with 503, except those to the broker: functions that finish their work still publish. */
  refuseNew(): void
  close(): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface Handlers {
  hosts: Hosts
  /** The ingress of the broker; it checks the path itself. */
  broker: Handler
  /** The path on plain localhost that belongs to the broker. */
  brokerPath: string
  function(name: string, request: IncomingMessage, response: ServerResponse): unknown
  /** `sites.localhost`: the test sites. */
  sites?: Handler
  /** Plain localhost: the API, the home page and the chat. `POST /alerts` on plain localhost goes to error-notifier. */
  localPages: Handler
  /** Gets the error of a handler that did not answer. */
  failed(error: unknown): void
  /** Called when an update from Telegram is refused because a reverse proxy has sent it to this port. */
  misdirected?(): void
}

/**
 * Listens on the loopback interface. Requests to functions and to the broker are handled by node:http alone, because
 * these paths carry the load. Throws a Refusal that names the process that has the port.
 */
export const listen = async (port: number, starting: Handler): Promise<Server> => {
  let handlers: Handlers | undefined
  let isClosing = false

  const dispatch = (request: IncomingMessage, response: ServerResponse) => {
    const why = whyForeign(request)
    if (why !== null) {
      if (request.headers['x-telegram-bot-api-secret-token'] !== undefined) handlers?.misdirected?.()
      return sendJson(response, 403, { error: why })
    }
    if (!handlers) return starting(request, response)
    const { hosts, broker, brokerPath } = handlers
    // This check also refuses `OPTIONS *` and `GET http://elsewhere/`, which no client of PORT sends.
    if (!request.url?.startsWith('/')) return sendJson(response, 400, { error: 'the path should begin with /' })
    const target = requestTarget(request.headers, hosts)
    const isBroker =
      target.kind === 'broker' || (target.kind === 'runtime' && pathOf(request.url).replace(/\/$/, '') === brokerPath)
    if (isBroker) return broker(request, response)
    if (isClosing) return sendJson(response, 503, { error: 'Vigia is stopping' }, { 'retry-after': '1' })
    return serve(handlers, target, request, response)
  }

  const listener: RequestListener = async (request, response) => {
    try {
      await dispatch(request, response)
    } catch (error) {
      handlers?.failed(error)
      if (response.headersSent) response.destroy()
      else sendJson(response, 500, { error: error instanceof Error ? error.message.split('\n')[0] : 'unknown error' })
    }
  }

  const server = createServer({ keepAliveTimeout: 65_000, connectionsCheckingInterval: 10_000 }, listener)
  await listening(server, port, 'PORT')
  return {
    port: (server.address() as AddressInfo).port,
    serve: newHandlers => {
      handlers = newHandlers
    },
    refuseNew: () => {
      isClosing = true
    },
    close: () => closeServer(server),
  }
}

/**
 * Plain localhost passes requests to this path on to error-notifier, because Alertmanager (like every program in Go)
 * cannot resolve names under `.localhost` on a machine without systemd-resolved.
 */
const alerts = { path: '/alerts', function: 'error-notifier' }

const pathOf = (url: string) => url.split('?', 1)[0]!

const serve = (
  handlers: Handlers,
  target: RequestTarget,
  request: IncomingMessage,
  response: ServerResponse,
): unknown => {
  switch (target.kind) {
    case 'foreign':
      return sendJson(response, 403, { error: target.why })
    case 'function':
      return handlers.function(target.name, request, response)
    case 'sites':
      return handlers.sites!(request, response)
    case 'runtime':
      return request.method === 'POST' && pathOf(request.url!) === alerts.path
        ? handlers.function(alerts.function, request, response)
        : handlers.localPages(request, response)
    case 'broker':
      return handlers.broker(request, response)
    default:
      return target satisfies never
  }
}

/** Stops listening and ends every connection. */
export const closeServer = (server: HttpServer): Promise<void> =>
  new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/**
 * Resolves when the server listens on the loopback interface. `variable` is the environment variable for the port.
 */
export const listening = (server: HttpServer, port: number, variable: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refusalOf(error, port, variable)))
    server.listen({ port, host: '127.0.0.1' }, resolve)
  })

const refusalOf = (error: NodeJS.ErrnoException, port: number, variable: string): Error => {
  if (error.code === 'EACCES')
    return new Refusal(`this user may not listen on port ${port}; start with another port: ${variable}=8080 npm start`)
  if (error.code !== 'EADDRINUSE') return error
  const holder = holderOf(port)
  return new PortTaken(
    `port ${port} is taken${holder ? ` by ${holder}` : ''}; stop that program, or start with another port: ${variable}=${port + 10} npm start`,
  )
}

export class PortTaken extends Refusal {}

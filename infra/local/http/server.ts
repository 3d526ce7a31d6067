import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { Refusal } from '#infra/refusal.ts'
import { sendJson } from './api/api.ts'
import { holderOf } from './port-holder.ts'
import { type Face, faceOf, type Hosts, whyForeign } from './request-target.ts'

/** The inside port of the runtime. It listens from the beginning, and until it is given its faces `starting` answers. */
export interface Server {
  readonly port: number
  serve(faces: Faces): void
  /** From now on everything but the broker answers 503: functions that finish still publish. */
  refuseNew(): void
  close(): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface Faces {
  hosts: Hosts
  /** The broker's ingress; it knows its own path. */
  broker: Handler
  /** Paths on plain localhost that belong to the broker. */
  brokerPath: string
  function(name: string, request: IncomingMessage, response: ServerResponse): unknown
  sites?: Handler
  /** The control API, the page and the chat; `url` is the request's, parsed. */
  runtime(request: IncomingMessage, response: ServerResponse, url: URL): unknown
  /** A handler failed without an answer. */
  failed(error: unknown): void
  /** A proxy sent one of Telegram's updates here, and it was refused. */
  misdirected?(): void
}

/** Listens on loopback only. Throws a Refusal that names the process which has the port. */
export const listen = async (port: number, starting: Handler): Promise<Server> => {
  let faces: Faces | undefined
  let isClosing = false

  const unavailable = (response: ServerResponse, words: string) =>
    sendJson(response, 503, { error: words }, { 'retry-after': '1' })

  const route = (request: IncomingMessage, response: ServerResponse) => {
    const why = whyForeign(request)
    if (why !== null) {
      if (request.headers['x-telegram-bot-api-secret-token'] !== undefined) faces?.misdirected?.()
      return sendJson(response, 403, { error: why })
    }
    if (!faces) return starting(request, response)
    const { hosts, broker, brokerPath } = faces
    // Also `OPTIONS *` and `GET http://elsewhere/`, which no client of ours sends.
    if (!request.url?.startsWith('/')) return sendJson(response, 400, { error: 'the path should begin with /' })
    const face = faceOf(request.headers, hosts)
    const isBroker =
      face.kind === 'broker' || (face.kind === 'runtime' && pathOf(request.url).replace(/\/$/, '') === brokerPath)
    if (isBroker) return broker(request, response)
    if (isClosing) return unavailable(response, 'stopping')
    return serve(faces, face, request, response)
  }

  const listener: RequestListener = async (request, response) => {
    try {
      await route(request, response)
    } catch (error) {
      faces?.failed(error)
      if (response.headersSent) response.destroy()
      else sendJson(response, 500, { error: error instanceof Error ? error.message.split('\n')[0] : 'unknown' })
    }
  }

  const server = createServer({ keepAliveTimeout: 65_000, connectionsCheckingInterval: 10_000 }, listener)
  await listening(server, port, 'PORT')
  return {
    port: (server.address() as AddressInfo).port,
    serve: given => {
      faces = given
    },
    refuseNew: () => {
      isClosing = true
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const pathOf = (url: string) => url.split('?', 1)[0]!

const serve = (faces: Faces, face: Face, request: IncomingMessage, response: ServerResponse): unknown => {
  switch (face.kind) {
    case 'foreign':
      return sendJson(response, 403, { error: face.why })
    case 'function':
      return faces.function(face.name, request, response)
    case 'sites':
      return faces.sites!(request, response)
    case 'runtime':
      return faces.runtime(request, response, new URL(request.url!, 'http://localhost'))
    case 'broker':
      return faces.broker(request, response)
    default:
      return face satisfies never
  }
}

/** Resolves when the server listens on the loopback. `variable` is what a person sets to choose the port. */
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
    `port ${port} is taken${holder ? ` by ${holder}` : ''}; stop that, or start with another port: ${variable}=${port + 10} npm start`,
  )
}

export class PortTaken extends Refusal {}

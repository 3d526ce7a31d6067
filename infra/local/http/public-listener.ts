import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { maxBodyBytes } from '#functions/host/request-body.ts'
import type { Settings } from '../environment.ts'
import type { PublicLimits, PublicListenerOptions } from './public-options.ts'
import { type PublicHandlers, publicRequestHandler } from './public-requests.ts'
import { listening, PortTaken } from './server.ts'

/**
 * The server on PUBLIC_PORT, for a reverse proxy or tunnel. It serves functions with a public path and nothing else.
 */
export interface PublicListener {
  readonly port: number
  /** Starts to pass requests on to the functions. Before this call, requests to public paths are answered with 503. */
  serve(handlers: PublicHandlers): void
  /** After this call, requests to public paths are answered with 503. */
  refuseNew(): void
  close(): Promise<void>
}

const defaultLimits: PublicLimits = {
  headers: 100,
  headersMs: 10_000,
  requestMs: 20_000,
  waitingConnections: 512,
  bodyBytes: 32 * maxBodyBytes,
  promptRefusals: 100,
  refusalPauseMs: 200,
}

const defaultPublicPort = 8081

/**
 * Listens on PUBLIC_PORT, by default 8081. If another program has the default port, and neither PUBLIC_PORT nor
 * PUBLIC_URL is set, a free port is used, because no reverse proxy is configured for the port. PORT=0 means a free port
 * here too.
 */
export const startPublicListener = async (
  { publicPort, port, publicUrl }: Pick<Settings, 'publicPort' | 'port' | 'publicUrl'>,
  functions: Pick<PublicListenerOptions, 'functions' | 'baseFunction' | 'pageFunction'>,
  warn: (text: string) => void,
  defaultPort = defaultPublicPort,
): Promise<PublicListener> => {
  const listenOn = (wanted: number) => listenPublic({ ...functions, port: wanted, basePath: publicUrl?.pathname })
  if (publicPort !== undefined) return listenOn(publicPort)
  try {
    return await listenOn(port === 0 ? 0 : defaultPort)
  } catch (error) {
    if (!(error instanceof PortTaken) || publicUrl) throw error
    const listener = await listenOn(0)
    warn(`port ${defaultPort} is taken; PUBLIC_PORT is ${listener.port} until the next start`)
    return listener
  }
}

/**
 * The maximum number of unanswered requests on one connection. Reverse proxies send a request after the previous
 * response. Node.js itself has no limit.
 */
const mostUnanswered = 8

/** Listens on the loopback interface, with limits against slow and forging clients. */
export const listenPublic = async (options: PublicListenerOptions): Promise<PublicListener> => {
  const limits = { ...defaultLimits, ...options.limits }
  /** Connections that are idle or whose request is still arriving, the least recently used first. */
  const waiting = new Set<Socket>()
  const requests = publicRequestHandler({
    ...options,
    limits,
    onBodyRead: ({ socket }) => waiting.delete(socket),
  })

  const unanswered = new WeakMap<Socket, number>()
  const handle = async (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
    const { socket } = request
    const before = unanswered.get(socket) ?? 0
    if (before >= mostUnanswered) return void socket.destroy()
    unanswered.set(socket, before + 1)
    response.once('close', () => {
      unanswered.set(socket, unanswered.get(socket)! - 1)
      // Moves the connection to the end of the set, because it has just been used.
      waiting.delete(socket)
      if (!socket.destroyed) waiting.add(socket)
    })
    await requests.handle(request, response, expectsContinue)
  }

  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    // This is longer than reverse proxies keep an idle connection (Caddy: 120 s), so that no proxy sends a request on a
    // connection that is being closed.
    keepAliveTimeout: 125_000,
  })
  // Node.js drops headers beyond this number silently. The limit is one more than allowed, so that a request with too
  // many headers can be recognised.
  server.maxHeadersCount = limits.headers + 1
  server.on('request', (request, response) => void handle(request, response, false))
  server.on('checkContinue', (request, response) => void handle(request, response, true))
  server.on('connect', (_, socket) => {
    // Node.js has removed its own error listener, and an error without a listener would end the runtime.
    socket.on('error', () => {})
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })
  server.on('connection', (socket: Socket) => {
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
    if (waiting.size > limits.waitingConnections) waiting.values().next().value!.destroy()
  })
  await listening(server, options.port, 'PUBLIC_PORT')

  return {
    port: (server.address() as AddressInfo).port,
    serve: requests.serve,
    refuseNew: requests.refuseNew,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { discardBody, isEventRequest, maxBodyBytes, maxRefusedBodyBytes, readBody } from '#functions/host/request.ts'
import { sendResponse } from '#functions/host/responses.ts'
import { secretCheck } from '#functions/telegram-webhook/secret.ts'
import type { Settings } from '../environment.ts'
import type { FunctionManifest } from '../manifests/manifests.ts'
import { type PublicRoute, publicRoutes } from './public-routes.ts'
import { closeServer, listening, PortTaken } from './server.ts'

/** The listener of PUBLIC_PORT, for a reverse proxy or tunnel. It knows functions with a public path, nothing else. */
export interface PublicListener {
  readonly port: number
  /** Until then its paths answer 503. */
  serve(given: PublicServing): void
  /** From now on its paths answer 503. */
  refuseNew(): void
  close(): Promise<void>
}

export interface PublicServing {
  /** The value of a container's variable, for the secrets. */
  variableOf(entry: Secret['entry']): string | undefined
  /** Sends a request whose body has been read to a function. */
  proxy(
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    sent: { path: string; body: Buffer },
  ): Promise<void>
  /** A handler failed without an answer. */
  failed(error: unknown): void
}

export interface PublicListenerOptions {
  port: number
  functions: readonly FunctionManifest[]
  /** Of PUBLIC_URL. */
  basePath?: string | undefined
  /** The function that PUBLIC_URL itself reached before functions had paths. */
  baseFunction?: string
  limits?: Partial<PublicLimits>
}

export interface PublicLimits {
  headers: number
  headersMs: number
  /** Head and body together. */
  requestMs: number
  /** Connections that are idle or whose request is still arriving; the oldest gives way. */
  waitingConnections: number
  /** Bodies of one function's requests that are kept in memory at once. */
  bodyBytes: number
  /** Strangers refused at once in a second; the others after a pause, so that forging in a loop costs us little. */
  promptRefusals: number
  refusalPauseMs: number
}

type Secret = NonNullable<NonNullable<FunctionManifest['public']>['secret']>

const usualLimits: PublicLimits = {
  headers: 100,
  headersMs: 10_000,
  requestMs: 20_000,
  waitingConnections: 512,
  bodyBytes: 32 * maxBodyBytes,
  promptRefusals: 100,
  refusalPauseMs: 200,
}

const usualPort = 8081

/** Listens on PUBLIC_PORT. If neither it nor PUBLIC_URL is set, no proxy knows it, and a free port replaces a taken one. */
export const startPublicListener = async (
  { publicPort, port, publicUrl }: Pick<Settings, 'publicPort' | 'port' | 'publicUrl'>,
  functions: Pick<PublicListenerOptions, 'functions' | 'baseFunction'>,
  warn: (words: string) => void,
  usual = usualPort,
): Promise<PublicListener> => {
  const listenOn = (wanted: number) => listenPublic({ ...functions, port: wanted, basePath: publicUrl?.pathname })
  if (publicPort !== undefined) return listenOn(publicPort)
  try {
    // PORT=0 asks for free ports.
    return await listenOn(port === 0 ? 0 : usual)
  } catch (error) {
    if (!(error instanceof PortTaken) || publicUrl) throw error
    const listener = await listenOn(0)
    warn(`port ${usual} is taken; PUBLIC_PORT is ${listener.port} until the next start`)
    return listener
  }
}

/** Requests of one connection. */
const mostUnanswered = 8

/**
 * Listens on loopback. Refuses a request by its head where it can: 404 without a public path, 401 without the function's
 * secret. Only a request that has arrived whole takes a place in a function's process, so that slow senders hold none.
 */
export const listenPublic = async (options: PublicListenerOptions): Promise<PublicListener> => {
  const limits = { ...usualLimits, ...options.limits }
  const routes = publicRoutes(options.functions, options.basePath)
  const bodyBytes = new Map<string, number>()
  let serving: (PublicServing & { checks: Map<string, (request: IncomingMessage) => boolean> }) | undefined
  let isClosing = false

  /** POST to PUBLIC_URL itself with the right secret: who has it may go on using that address. */
  const formerRoute = (request: IncomingMessage): PublicRoute | undefined => {
    const { baseFunction } = options
    if (baseFunction === undefined || request.method !== 'POST' || !routes.isBase(request.url)) return undefined
    const known = options.functions.find(({ name }) => name === baseFunction)
    const isAllowed = serving?.checks.get(baseFunction)
    return known?.public && isAllowed?.(request)
      ? { function: known as PublicRoute['function'], path: known.public.path }
      : undefined
  }

  let second = 0
  let refusals = 0
  const pauseOfRefusal = () => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) [second, refusals] = [now, 0]
    return ++refusals > limits.promptRefusals ? limits.refusalPauseMs : 0
  }

  const waiting = new Set<Socket>()
  const take = async (request: IncomingMessage, response: ServerResponse, waitsForContinue: boolean) => {
    const refuse = (status: number, headers: Record<string, string> = {}) => {
      discardBody(request, response, status === 413 ? undefined : maxRefusedBodyBytes)
      // A sender that waits for "100 Continue" may send its body now or not, so its next request could not be found.
      response.writeHead(status, { 'content-length': 0, ...(waitsForContinue && { connection: 'close' }), ...headers })
      response.end()
    }
    const refuseStranger = (status: number) => {
      const pauseMs = pauseOfRefusal()
      if (pauseMs === 0) return refuse(status)
      const timer = setTimeout(refuse, pauseMs, status)
      response.once('close', () => clearTimeout(timer))
    }
    if (request.rawHeaders.length / 2 > limits.headers) return refuseStranger(431)
    const route = request.method === 'TRACE' ? undefined : (routes.find(request.url) ?? formerRoute(request))
    // Events reach functions through the broker. A stranger's event would be taken for one of those.
    if (!route || isEventRequest(request.headers)) return refuseStranger(404)
    if (!serving || isClosing) return refuse(503, { 'retry-after': '1' })
    const { name } = route.function
    if (serving.checks.get(name)?.(request) === false) return refuseStranger(401)
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return refuse(413)

    if ((bodyBytes.get(name) ?? 0) >= limits.bodyBytes) return refuse(503, { 'retry-after': '1' })
    let bytes = 0
    const count = (chunk: Buffer) => {
      bytes += chunk.length
      bodyBytes.set(name, (bodyBytes.get(name) ?? 0) + chunk.length)
    }
    request.on('data', count)
    try {
      if (waitsForContinue) response.writeContinue()
      const body = await readBody(request, response)
      if (body === undefined) return sendResponse(response, { status: 413 })
      waiting.delete(request.socket)
      await serving.proxy(name, request, response, { path: route.path, body })
    } finally {
      request.off('data', count)
      bodyBytes.set(name, (bodyBytes.get(name) ?? 0) - bytes)
    }
  }

  const unanswered = new WeakMap<Socket, number>()
  const handle = async (request: IncomingMessage, response: ServerResponse, waitsForContinue = false) => {
    const { socket } = request
    const before = unanswered.get(socket) ?? 0
    // No proxy sends requests without waiting for answers; Node would keep any number of them.
    if (before >= mostUnanswered) return void socket.destroy()
    unanswered.set(socket, before + 1)
    response.once('close', () => {
      unanswered.set(socket, unanswered.get(socket)! - 1)
      // At the end of the order: it has just been used.
      waiting.delete(socket)
      if (!socket.destroyed) waiting.add(socket)
    })
    try {
      await take(request, response, waitsForContinue)
    } catch (error) {
      // The sender left before its body was there.
      if (request.errored || socket.destroyed) return
      serving?.failed(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-length': 0 }).end()
    }
  }

  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    // Longer than proxies keep an idle connection (Caddy: 120 s), or one would send into a connection that is closing.
    keepAliveTimeout: 125_000,
  })
  // Node drops what is beyond this silently; one more than allowed shows that there were too many.
  server.maxHeadersCount = limits.headers + 1
  server.on('request', (request, response) => void handle(request, response))
  server.on('checkContinue', (request, response) => void handle(request, response, true))
  server.on('connect', (_, socket) => {
    // Node has taken its own listener off, and an error without one would end the runtime.
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
    serve: given => {
      const checks = new Map<string, (request: IncomingMessage) => boolean>()
      for (const { name, public: access } of options.functions)
        if (access?.secret) checks.set(name, checkOf(access.secret, given.variableOf(access.secret.entry)))
      serving = { ...given, checks }
    },
    refuseNew: () => {
      isClosing = true
    },
    close: () => closeServer(server),
  }
}

/** Without a value nobody has the secret. */
const checkOf = ({ header }: Secret, value: string | undefined) => {
  if (!value) return () => false
  const isRight = secretCheck(value)
  return ({ headers }: IncomingMessage) => isRight(headers[header])
}

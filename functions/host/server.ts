import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { envOptional } from './env.ts'
import { asError, Malformed, Permanent, RetryLater } from './errors.ts'
import type { FunctionDefinition, HttpResponse, RequestHead } from './function-definition.ts'
import { isInternalHost } from './internal-host.ts'
import type { LogOutput } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createPublisher } from './publish.ts'
import { release } from './release.ts'
import { discardBody, isEventRequest, maxBodyBytes, maxRefusedBodyBytes, readBody } from './request.ts'
import type { Route } from './request-handler.ts'
import { errorResponse, publicErrorResponse, sendResponse } from './responses.ts'

export interface FunctionServer {
  /** Resolves when requests are taken. */
  listen(port: number, address?: string): Promise<AddressInfo>
  /** Takes no more, waits for what is in flight (`patienceMs` at most) and runs the function's `close`. */
  drain(patienceMs: number): Promise<void>
  /** Logs why the process must end. */
  logFatal(reason: unknown): Promise<void>
}

export interface FunctionServerOptions {
  /** Where events go; K_SINK. */
  sink?: string | undefined
  /** K_CE_OVERRIDES. */
  overrides?: string | undefined
  /** Where lines of the log go, if not to standard output. */
  output?: LogOutput | undefined
}

/** How long a rule has, once its signal has aborted, to leave things tidy; and `close` to close. */
const graceMs = 2_000

/**
 * The door of a function: HTTP from the first byte to what is let in. It refuses before it reads, reads no more than it should, and
 * lets nothing be cut off when the process must end. The process itself is not its concern.
 */
export const createFunctionServer = (
  fitting: FunctionDefinition,
  { sink = envOptional('K_SINK'), overrides = envOptional('K_CE_OVERRIDES'), output }: FunctionServerOptions = {},
): FunctionServer => {
  const { name } = fitting
  const publish = createPublisher(sink, name, overrides)
  const metrics = createMetrics(name)
  const inFlight = new Map<ServerResponse, AbortController>()
  let draining = false

  const handling = once(async () => {
    const { createRequestHandler } = await import('./request-handler.ts')
    return createRequestHandler(fitting, publish, metrics, output)
  })

  const routeOf = (head: RequestHead): Route | HttpResponse => {
    const { method, path, headers } = head
    if (draining) return errorResponse(new RetryLater(`${name} is ending`, 1))
    if (!isEventRequest(headers)) {
      if (!fitting.http)
        return method === 'POST' ? errorResponse(new Malformed('this is no CloudEvent')) : { status: 404 }
      const status = fitting.http.admit?.(head)
      return status === undefined ? { to: 'http' } : { status }
    }
    if (method !== 'POST') return { status: 405, headers: { allow: 'POST' } }
    const status = fitting.admitEvent?.(headers)
    if (status !== undefined) return { status }
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') return { status: 415 }
    const trigger = /^\/dead\/([^/]+)$/.exec(path)?.[1]
    if (trigger === undefined) return { to: 'event' }
    return fitting.deadLetters
      ? { to: 'dead letter', trigger }
      : errorResponse(new Permanent(`${name} takes no dead letters`))
  }

  /** Not worth a line of the log, for anybody can ask for one; but counted. */
  const refuse = (response: ServerResponse, answer: HttpResponse) => {
    metrics.observe({ type: 'refused', outcome: String(answer.status), ms: 0 })
    sendResponse(response, answer)
  }

  const take = async (
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
    waitsForContinue: boolean,
  ) => {
    const { headers, method = 'GET', url = '/' } = request
    const question = url.indexOf('?')
    const [path, search] = question < 0 ? [url, ''] : [url.slice(0, question), url.slice(question)]
    if (insidePaths.has(path) && !isInternalHost(headers.host)) {
      discardBody(request, response, maxRefusedBodyBytes)
      return refuse(response, { status: 404 })
    }
    if (path === '/healthz' && isRead(method)) {
      // Nobody waits any more: what the first event needs is loaded now.
      response.once('finish', () => setImmediate(handling))
      return sendResponse(response, { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok\n' })
    }
    if (path === '/metrics' && isRead(method)) {
      const { contentType, text } = await metrics.page()
      return sendResponse(response, { status: 200, headers: { 'content-type': contentType }, body: text })
    }
    if (path === '/version' && isRead(method)) {
      const body = JSON.stringify({ function: name, ...release() })
      return sendResponse(response, { status: 200, headers: { 'content-type': 'application/json' }, body })
    }

    const route = routeOf({ method, path, headers })
    if ('status' in route) {
      // The sender may send its body now or not, so its next request on this connection could not be found.
      if (waitsForContinue) response.setHeader('connection', 'close')
      discardBody(request, response, maxRefusedBodyBytes)
      return refuse(response, route)
    }
    if (waitsForContinue && Number(headers['content-length'] ?? 0) <= maxBodyBytes) response.writeContinue()
    const [body, { handle }] = await Promise.all([readBody(request, response), handling()])
    if (body === undefined) return refuse(response, { status: 413 })
    handle(route, { method, path, query: new URLSearchParams(search), headers, body }, signal, { request, response })
  }

  const accept = (request: IncomingMessage, response: ServerResponse, waitsForContinue: boolean) => {
    const gone = new AbortController()
    inFlight.set(response, gone)
    response.once('close', () => {
      inFlight.delete(response)
      if (!response.writableFinished) gone.abort(new Error('the sender has gone'))
    })
    if (draining) response.setHeader('connection', 'close')
    take(request, response, gone.signal, waitsForContinue).catch(async thrown => {
      // A sender that left while its body was read is nobody to be told.
      if (request.errored) return void response.destroy()
      const error = asError(thrown)
      const { log } = await handling()
      log.error({ error }, error.message)
      sendResponse(response, publicErrorResponse(error))
    })
  }

  const server = createServer((request, response) => accept(request, response, false))
  server.on('checkContinue', (request, response) => accept(request, response, true))
  server.requestTimeout = 30_000
  // Longer than a proxy keeps an idle connection, or it would send into one that we are closing.
  server.keepAliveTimeout = 120_000

  return {
    listen: (port, address) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port, host: address }, () => resolve(server.address() as AddressInfo))
      }),

    drain: async patienceMs => {
      draining = true
      for (const response of inFlight.keys()) if (!response.headersSent) response.setHeader('connection', 'close')
      const idle = new Promise(resolve => server.close(resolve))
      await within(patienceMs, idle)
      for (const gone of inFlight.values()) gone.abort(new Error(`${name} must end`))
      await within(graceMs, idle)
      server.closeAllConnections()
      await within(graceMs, Promise.allSettled(fitting.close?.map(close => close()) ?? []))
    },

    logFatal: async reason => {
      const error = asError(reason)
      const { log } = await handling()
      log.fatal({ error }, error.message)
    },
  }
}

/** What every function answers to the kubelet, Prometheus and our own jobs, and to nobody who comes by a public domain. */
const insidePaths = new Set(['/healthz', '/metrics', '/version'])

const isRead = (method: string) => method === 'GET' || method === 'HEAD'

const within = async (ms: number, work: Promise<unknown>) => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { envOptional } from './env.ts'
import { asError, RetryLater } from './errors.ts'
import type { FunctionDefinition, HttpResponse } from './function-definition.ts'
import { isInternalHost } from './internal-host.ts'
import type { LogOutput } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { createPublisher } from './publish.ts'
import { readGate } from './read-gate.ts'
import { release } from './release.ts'
import { discardBody, hasBody, maxBodyBytes, maxRefusedBodyBytes, readBody } from './request-body.ts'
import type { RequestHandler } from './request-handler.ts'
import { errorResponse, publicErrorResponse, sendResponse } from './responses.ts'
import { routeOf } from './route.ts'
import type { Tracer } from './tracing/tracer.ts'

export interface FunctionServer {
  /** Resolves with the address once the server accepts requests. */
  listen(port: number, address?: string): Promise<AddressInfo>
  /**
   * Stops accepting requests, waits at most `timeoutMs` for the requests in flight, then runs the function's `close`.
   */
  drain(timeoutMs: number): Promise<void>
  /** Logs the error that ends the process. */
  logFatal(reason: unknown): Promise<void>
}

export interface FunctionServerOptions {
  /** The URL that events are published to; by default K_SINK. */
  sink?: string | undefined
  /** JSON with extensions for published events; by default K_CE_OVERRIDES. */
  overrides?: string | undefined
  /** Where log lines go; by default standard output. */
  output?: LogOutput | undefined
}

/** The time that a rule gets to clean up after its signal has aborted, and the time that `close` gets to finish. */
const graceMs = 2_000

/** The largest number of direct requests without a response, and the time in which all of them are answered. */
const maxDirect = 2_000
const maxDirectMs = 15_000

/** What the handling of all requests shares. */
interface ServerState {
  definition: FunctionDefinition
  metrics: Metrics
  /** Loads the request handler, on the first call only. */
  loadRequestHandler: () => Promise<RequestHandler>
  /** The request handler, once it is loaded. */
  loaded: RequestHandler | undefined
  /** The function's own metrics, in Prometheus' text format. */
  ownMetrics: () => Promise<string>
  isDraining: boolean
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Whether the sender waits for "100 Continue" before it sends the body. */
  expectsContinue: boolean
  cancellation: Cancellation
}

/** Ends a request that is handled: the sender closed the connection, or the process must end. */
interface Cancellation {
  signal(): AbortSignal
  abort(reason: Error): void
}

/** The signal is made at its first use, because most rules need none and a signal costs as much as a small response. */
const createCancellation = (): Cancellation => {
  let controller: AbortController | undefined
  let reason: Error | undefined
  return {
    signal: () => {
      controller ??= new AbortController()
      if (reason !== undefined) controller.abort(reason)
      return controller.signal
    },
    abort: why => {
      reason ??= why
      controller?.abort(reason)
    },
  }
}

/**
 * The HTTP server of one function. It refuses a request before it reads the body where possible, limits the size of
 * bodies, and completes the requests in flight when the process must end. It does not start or end the process;
 * serve.ts does.
 */
export const createFunctionServer = (
  definition: FunctionDefinition,
  { sink = envOptional('K_SINK'), overrides = envOptional('K_CE_OVERRIDES'), output }: FunctionServerOptions = {},
): FunctionServer => {
  const { name } = definition
  // The publisher is created now, so that the process does not start with an invalid K_SINK.
  const publish = createPublisher(sink, name, overrides)
  const metrics = createMetrics(name)
  let tracer: Tracer | undefined
  const loadRequestHandler = once(async () => {
    const { createRequestHandler } = await import('./request-handler.ts')
    tracer = await loadTracer(name, output)
    state.loaded = await createRequestHandler(definition, { publish, metrics, output, tracer })
    return state.loaded
  })
  const loadOwnMetrics = once(async () => definition.metrics!((await loadRequestHandler()).log))
  const state: ServerState = {
    definition,
    metrics,
    loadRequestHandler,
    loaded: undefined,
    ownMetrics: async () => (definition.metrics ? (await loadOwnMetrics())() : ''),
    isDraining: false,
  }
  const inFlight = new Map<ServerResponse, Cancellation>()
  const gate = readGate({ max: maxDirect, stuckMs: maxDirectMs })

  const accept = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
    const cancellation = createCancellation()
    const { socket } = request
    const isGated = isDirect(definition, request)
    if (isGated) gate.began(socket)
    inFlight.set(response, cancellation)
    response.once('close', () => {
      inFlight.delete(response)
      if (isGated) gate.ended(socket)
      if (!response.writableFinished) cancellation.abort(new Error('the sender closed the connection'))
    })
    if (state.isDraining) response.setHeader('connection', 'close')
    const exchange = { request, response, expectsContinue, cancellation }
    if (isGated && handledDirectly(exchange, state)) return
    handleExchange(exchange, state).catch(error => handleFailure(exchange, state, error))
  }

  const server = createServer((request, response) => accept(request, response, false))
  if (definition.http?.direct) server.on('connection', gate.opened)
  server.on('checkContinue', (request, response) => accept(request, response, true))
  server.requestTimeout = 30_000
  // Longer than proxies keep idle connections, so that a proxy never sends a request on a connection that we are
  // closing.
  server.keepAliveTimeout = 120_000

  return {
    listen: (port, address) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port, host: address }, () => resolve(server.address() as AddressInfo))
      }),

    drain: async timeoutMs => {
      state.isDraining = true
      for (const response of inFlight.keys()) if (!response.headersSent) response.setHeader('connection', 'close')
      const idle = new Promise(resolve => server.close(resolve))
      await within(timeoutMs, idle)
      for (const cancellation of inFlight.values()) cancellation.abort(new Error(`${name} is shutting down`))
      await within(graceMs, idle)
      server.closeAllConnections()
      await within(graceMs, Promise.allSettled(definition.close?.map(close => close()) ?? []))
      await tracer?.flush(graceMs)
    },

    logFatal: async reason => {
      const error = asError(reason)
      const { log } = await state.loadRequestHandler()
      log.fatal({ error }, error.message)
    },
  }
}

/**
 * Loads the code that exports traces, if OTEL_EXPORTER_OTLP_ENDPOINT names a receiver. Without a receiver, nothing is
 * loaded, and requests take no additional time.
 */
const loadTracer = async (name: string, output: LogOutput | undefined): Promise<Tracer | undefined> => {
  const endpoint = envOptional('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (endpoint === undefined) return undefined
  const log = (await import('./log.ts')).logger(name, { output })
  if (!/^https?:/.test(endpoint) || !URL.canParse(endpoint)) {
    log.warn(`OTEL_EXPORTER_OTLP_ENDPOINT is ${JSON.stringify(endpoint)}; it must be a URL. No traces are exported.`)
    return undefined
  }
  const { createTracer } = await import('./tracing/tracer.ts')
  return createTracer({ name, version: release().version }, new URL(endpoint), text => log.warn(text))
}

const noBody = Buffer.alloc(0)

const isDirect = ({ http }: FunctionDefinition, request: IncomingMessage): boolean =>
  http?.direct === true && !hasBody(request)

/**
 * Handles a request without a body at once. Returns false for a request that needs anything else: `handleExchange` then
 * handles it.
 */
const handledDirectly = ({ request, response, cancellation }: Exchange, state: ServerState): boolean => {
  const { definition, loaded, isDraining } = state
  if (loaded === undefined || isDraining) return false
  const { headers, method = 'GET' } = request
  const { path, search } = targetOf(request)
  if (internalPaths.has(path)) return false
  const route = routeOf(definition, { method, path, headers })
  if ('status' in route || route.to !== 'http') return false
  const query = new URLSearchParams(search)
  loaded.handleDirectly(route, { method, path, query, headers, body: noBody }, cancellation.signal, response)
  return true
}

const targetOf = ({ url = '/' }: IncomingMessage): { path: string; search: string } => {
  const queryAt = url.indexOf('?')
  return queryAt < 0 ? { path: url, search: '' } : { path: url.slice(0, queryAt), search: url.slice(queryAt) }
}

/**
 * Handles one request, in this order: answers internal paths, decides by the head of the request whether to refuse it,
 * reads the body, and calls the request handler.
 */
const handleExchange = async (
  { request, response, expectsContinue, cancellation }: Exchange,
  state: ServerState,
): Promise<void> => {
  const { definition, metrics, loadRequestHandler, isDraining } = state
  const { headers, method = 'GET' } = request
  const { path, search } = targetOf(request)

  /** Sends and counts a refusal. It is not logged, because anyone can cause any number of refusals. */
  const refuse = (refusal: HttpResponse) => {
    metrics.observe({ type: 'refused', outcome: String(refusal.status), ms: 0 })
    sendResponse(response, refusal)
  }

  if (internalPaths.has(path) && !isInternalHost(headers.host)) {
    discardBody(request, response, maxRefusedBodyBytes)
    return refuse({ status: 404 })
  }
  if (internalPaths.has(path) && (method === 'GET' || method === 'HEAD')) {
    // Loads what the first event needs, but only after the response, so that the health check does not wait for it.
    if (path === '/healthz') response.once('finish', () => setImmediate(loadRequestHandler))
    return sendResponse(response, await internalResponse(path, state))
  }

  const route = isDraining
    ? errorResponse(new RetryLater(`${definition.name} is shutting down`, 1))
    : routeOf(definition, { method, path, headers })
  if ('status' in route) {
    // The sender may or may not send the body, so the server could not know where the next request on this connection
    // starts.
    if (expectsContinue) response.setHeader('connection', 'close')
    discardBody(request, response, maxRefusedBodyBytes)
    return refuse(route)
  }

  if (expectsContinue && Number(headers['content-length'] ?? 0) <= maxBodyBytes) response.writeContinue()
  const query = new URLSearchParams(search)
  if (route.to === 'http' && isDirect(definition, request)) {
    const { handleDirectly } = await loadRequestHandler()
    return handleDirectly(route, { method, path, query, headers, body: noBody }, cancellation.signal, response)
  }
  const keptBodyBytes = route.to === 'http' ? definition.http!.keptBodyBytes : undefined
  const [body, { handle, log }] = await Promise.all([readBody(request, response, keptBodyBytes), loadRequestHandler()])
  if (body === undefined) {
    const text = `the body is larger than ${maxBodyBytes} bytes`
    log.warn({ method, path, status: 413 }, text)
    return refuse({ status: 413, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text })
  }
  await handle(route, { method, path, query, headers, body }, cancellation.signal, { request, response })
}

/** Answers a request whose body could not be read, or for which the request handler could not be loaded. */
const handleFailure = async ({ request, response }: Exchange, state: ServerState, thrown: unknown): Promise<void> => {
  // The sender closed the connection before its whole body was read, so no response can be sent.
  if (request.errored) return void response.destroy()
  const error = asError(thrown)
  const { log } = await state.loadRequestHandler()
  log.error({ error }, error.message)
  sendResponse(response, publicErrorResponse(error))
}

/** Paths for the kubelet, Prometheus and our own jobs. Requests through a public domain get 404. */
const internalPaths = new Set(['/healthz', '/metrics', '/version'])

const internalResponse = async (path: string, state: ServerState): Promise<HttpResponse> => {
  if (path === '/healthz') return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok\n' }
  if (path === '/version') {
    const body = JSON.stringify({ function: state.definition.name, ...release() })
    return { status: 200, headers: { 'content-type': 'application/json' }, body }
  }
  const [{ contentType, text }, own] = await Promise.all([state.metrics.page(), state.ownMetrics()])
  return { status: 200, headers: { 'content-type': contentType }, body: text + own }
}

const within = async (ms: number, work: Promise<unknown>) => {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, timeout])
  clearTimeout(timer)
}

const once = <T>(load: () => Promise<T>): (() => Promise<T>) => {
  let loaded: Promise<T> | undefined
  return () => {
    loaded ??= load()
    return loaded
  }
}

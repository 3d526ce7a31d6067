import type { IncomingMessage, ServerResponse } from 'node:http'
import { discardBody, hasBody, maxBodyBytes, maxRefusedBodyBytes, readBody } from '#functions/host/request-body.ts'
import { sendResponse } from '#functions/host/responses.ts'
import { isEventRequest } from '#functions/host/route.ts'
import { secretCheck } from '#functions/telegram-webhook/secret.ts'
import type { FunctionManifest } from '../manifests/manifests.ts'
import type { PublicLimits, PublicListenerOptions } from './public-options.ts'
import { isPlainTarget, type PublicRoute, publicRoutes } from './public-routes.ts'

export interface PublicHandlers {
  /** Returns the value of a container's variable that contains a secret. */
  variableOf(entry: Secret['entry']): string | undefined
  /** Sends a request to a function. The body of the request has been read already. */
  proxy(
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    untrusted: { path: string; body: Buffer },
  ): Promise<void>
  /** Whether a Host header is the domain of a status page. */
  isPageDomain?(host: string | undefined): Promise<boolean>
  /** Gets the error of a handler that did not answer. */
  failed(error: unknown): void
}

type Secret = NonNullable<NonNullable<FunctionManifest['public']>['secret']>
type SecretCheck = (request: IncomingMessage) => boolean

export interface PublicRequestOptions
  extends Pick<PublicListenerOptions, 'functions' | 'basePath' | 'baseFunction' | 'pageFunction'> {
  limits: PublicLimits
  /** Called when the body of a request has arrived. */
  onBodyRead(request: IncomingMessage): void
}

/**
 * Handles requests from the internet. If possible, a request is refused before its body is read: with 404 if its path
 * is not public, with 401 if it does not have the function's secret. Only a request that has arrived completely takes a
 * slot of a function, so that slow clients do not hold slots.
 */
export const publicRequestHandler = (options: PublicRequestOptions) => {
  const { functions, baseFunction, pageFunction, limits, onBodyRead } = options
  const routes = publicRoutes(functions, options.basePath)
  const refusalPause = refusalPauses(limits)
  /** Bytes of bodies in memory, by function. */
  const bodyBytes = new Map<string, number>()
  let handlers: PublicHandlers | undefined
  let secretChecks = new Map<string, SecretCheck>()
  let isClosing = false

  /**
   * The route of a POST to PUBLIC_URL itself with the right secret; undefined for any other request. Telegram may still
   * send updates to this address, which an earlier version of Vigia has set.
   */
  const baseRoute = (request: IncomingMessage): PublicRoute | undefined => {
    if (baseFunction === undefined || request.method !== 'POST' || !routes.isBase(request.url)) return undefined
    const manifest = functions.find(({ name }) => name === baseFunction)
    return manifest?.public && secretChecks.get(baseFunction)?.(request)
      ? { function: manifest as PublicRoute['function'], path: manifest.public.path }
      : undefined
  }

  /** The route of a request to the domain of a status page; undefined for any other host. */
  const domainRoute = async ({ headers, url = '' }: IncomingMessage): Promise<PublicRoute | undefined> => {
    const manifest = functions.find(({ name }) => name === pageFunction)
    const isPossible = manifest?.public && isPlainTarget(url)
    return isPossible && (await handlers?.isPageDomain?.(headers.host))
      ? { function: manifest as PublicRoute['function'], path: url }
      : undefined
  }

  /**
   * Reads the body, asking for it first if the client waits for "100 Continue", and sends the request to the function.
   */
  const forward = async (
    { function: { name }, path }: PublicRoute,
    { proxy }: PublicHandlers,
    [request, response, expectsContinue]: Exchange,
  ) => {
    if (!hasBody(request)) {
      onBodyRead(request)
      return proxy(name, request, response, { path, body: noBody })
    }
    let bytes = 0
    const count = (chunk: Buffer) => {
      bytes += chunk.length
      bodyBytes.set(name, (bodyBytes.get(name) ?? 0) + chunk.length)
    }
    request.on('data', count)
    try {
      if (expectsContinue) response.writeContinue()
      const body = await readBody(request, response)
      if (body === undefined) return sendResponse(response, { status: 413 })
      onBodyRead(request)
      await proxy(name, request, response, { path, body })
    } finally {
      request.off('data', count)
      bodyBytes.set(name, (bodyBytes.get(name) ?? 0) - bytes)
    }
  }

  const admit = async (exchange: Exchange) => {
    const [request, response] = exchange
    const refuseUntrusted = (status: number) => {
      const pauseMs = refusalPause()
      if (pauseMs === 0) return refuse(exchange, status)
      const timer = setTimeout(refuse, pauseMs, exchange, status)
      response.once('close', () => clearTimeout(timer))
    }
    if (request.rawHeaders.length / 2 > limits.headers) return refuseUntrusted(431)
    const route =
      request.method === 'TRACE'
        ? undefined
        : (routes.find(request.url) ?? baseRoute(request) ?? (await domainRoute(request)))
    // Functions get events through the broker only, because they trust every event that they receive.
    if (!route || isEventRequest(request.headers)) return refuseUntrusted(404)
    if (!handlers || isClosing) return refuse(exchange, 503, { 'retry-after': '1' })
    const { name } = route.function
    if (secretChecks.get(name)?.(request) === false) return refuseUntrusted(401)
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return refuse(exchange, 413)
    if ((bodyBytes.get(name) ?? 0) >= limits.bodyBytes) return refuse(exchange, 503, { 'retry-after': '1' })
    await forward(route, handlers, exchange)
  }

  return {
    /** Answers every request. Never rejects. */
    handle: async (...exchange: Exchange): Promise<void> => {
      const [request, response] = exchange
      try {
        await admit(exchange)
      } catch (error) {
        // The client disconnected before its body had arrived.
        if (request.errored || request.socket.destroyed) return
        handlers?.failed(error)
        if (response.headersSent) response.destroy()
        else response.writeHead(500, { 'content-length': 0 }).end()
      }
    },
    serve: (newHandlers: PublicHandlers): void => {
      secretChecks = new Map(
        functions.flatMap(({ name, public: access }) =>
          access?.secret ? [[name, checkOf(access.secret, newHandlers.variableOf(access.secret.entry))] as const] : [],
        ),
      )
      handlers = newHandlers
    },
    refuseNew: (): void => {
      isClosing = true
    },
  }
}

const noBody = Buffer.alloc(0)

/** A request, its response, and whether the client waits for "100 Continue" before it sends the body. */
type Exchange = [request: IncomingMessage, response: ServerResponse, expectsContinue: boolean]

const refuse = (
  [request, response, expectsContinue]: Exchange,
  status: number,
  headers: Record<string, string> = {},
): void => {
  discardBody(request, response, status === 413 ? undefined : maxRefusedBodyBytes)
  // A client that waits for "100 Continue" may send its body or not, so the start of its next request is unknown.
  response.writeHead(status, { 'content-length': 0, ...(expectsContinue && { connection: 'close' }), ...headers })
  response.end()
}

/**
 * Returns a function that returns the pause in milliseconds before the next refusal: 0 for the first refusals of a
 * second.
 */
const refusalPauses = ({ promptRefusals, refusalPauseMs }: PublicLimits) => {
  let second = 0
  let refusals = 0
  return (): number => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) [second, refusals] = [now, 0]
    return ++refusals > promptRefusals ? refusalPauseMs : 0
  }
}

/**
 * Returns a check of the secret in a request's header. If the secret has no value on this machine, every request is
 * refused.
 */
const checkOf = ({ header }: Secret, value: string | undefined): SecretCheck => {
  if (!value) return () => false
  const isRight = secretCheck(value)
  return ({ headers }) => isRight(headers[header])
}

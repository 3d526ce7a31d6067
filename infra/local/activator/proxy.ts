import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import type { Dispatcher } from 'undici'
import { discardBody, hasBody } from '#functions/host/request-body.ts'
import type { FunctionPool } from './function-pool.ts'
import { type Slot, Unavailable } from './slot.ts'

/**
 * The path and the body that a function gets for a request from the internet, in place of those of the request. If the
 * request fails, the answer has no message, because a message could describe this machine.
 */
export interface ReadRequest {
  path: string
  body: Buffer
}

/**
 * Takes a slot of the pool, sends the request to the process and streams the response back. Resolves when the response
 * is complete or has failed.
 */
export const proxyRequest = async (
  pool: FunctionPool,
  request: IncomingMessage,
  response: ServerResponse,
  untrusted?: ReadRequest,
): Promise<void> => {
  const { name, timeoutMs } = pool.manifest
  const clientGone = new AbortController()
  // Also a response that is complete closes, and an abort costs as much as a small response.
  response.once('close', () => {
    if (!response.writableFinished) clientGone.abort()
  })
  const fail = (status: number, message: string, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' })
      .end(untrusted ? '' : message.slice(0, 500))
  let slot: Slot
  try {
    slot = await pool.slot(clientGone.signal)
  } catch (error) {
    if (clientGone.signal.aborted) return
    if (!(error instanceof Unavailable)) throw error
    fail(503, error.message, { 'retry-after': String(error.retryAfterS) })
    return
  }
  const headers = endToEndHeaders(request.headers)
  if (untrusted) delete headers['content-length']
  const options: Dispatcher.DispatchOptions = {
    method: request.method as Dispatcher.HttpMethod,
    path: untrusted?.path ?? request.url!,
    headers,
    body: untrusted ? (untrusted.body.length > 0 ? untrusted.body : null) : streamOf(request, response),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  }
  await new Promise<void>(resolve => {
    const finish = () => {
      slot.release()
      resolve()
    }
    slot.process.client().dispatch(options, {
      onRequestStart: controller => {
        const abort = () => controller.abort(new Error('the client has gone'))
        if (clientGone.signal.aborted) abort()
        else clientGone.signal.addEventListener('abort', abort, { once: true })
      },
      onResponseStart: (_, status, responseHeaders) => {
        // A 1xx response is meant only for the connection between the runtime and the process.
        if (status >= 200) response.writeHead(status, endToEndHeaders(responseHeaders))
      },
      onResponseData: (controller, chunk) => {
        if (response.write(chunk)) return
        controller.pause()
        response.once('drain', () => controller.resume())
      },
      onResponseEnd: () => {
        response.end()
        finish()
      },
      onResponseError: (_, error) => {
        if (response.headersSent) response.destroy()
        else if (!response.destroyed) {
          if (isTimeout(error)) fail(504, `no answer within ${timeoutMs / 1000} s`)
          else fail(502, `${name} broke the connection: ${(error as NodeJS.ErrnoException).code ?? error.message}`)
        }
        finish()
      },
    })
  })
}

const isTimeout = (error: Error) => error.name === 'HeadersTimeoutError' || error.name === 'BodyTimeoutError'

/**
 * Headers that are meant for a single connection (RFC 9110, 7.6.1), and `expect`, which the runtime's HTTP server has
 * answered already.
 */
const hopByHopHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

// A loop, because it runs twice for each request.
const endToEndHeaders = (headers: IncomingHttpHeaders): Record<string, string | string[]> => {
  const { connection = 'keep-alive' } = headers
  const named = connection === 'keep-alive' ? null : new Set(connection.toLowerCase().split(/\s*,\s*/))
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !hopByHopHeaders.has(name) && !named?.has(name)) kept[name] = value
  return kept
}

/**
 * A copy of the request's body, or null if the request has no body. undici destroys a body that a function does not
 * read to its end. If undici got the request itself, the connection of the request would be destroyed too, and could
 * not carry the response.
 */
const streamOf = (request: IncomingMessage, response: ServerResponse): PassThrough | null => {
  if (!hasBody(request)) return null
  const copy = new PassThrough()
  copy.on('error', () => {})
  copy.once('close', () => {
    request.unpipe(copy)
    if (!request.readableEnded) discardBody(request, response)
  })
  request.once('error', error => copy.destroy(error))
  return request.pipe(copy)
}

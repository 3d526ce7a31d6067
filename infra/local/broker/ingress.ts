import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { CloudEvent } from './event/cloud-event.ts'
import { readEvent } from './event/read-event.ts'

/** `rejected`: PostgreSQL cannot store the values of this event. */
export type AcceptResult = 'stored' | 'unavailable' | 'rejected'

export interface IngressOptions {
  /** `/vigia/default` */
  path: string
  /** Stores the event, and calls `onResult` when the result is known. */
  accept(event: CloudEvent, onResult: (result: AcceptResult) => void): void
  /** Called for each request that is not accepted. */
  onRefused(status: number, why: string): void
  clock: () => Date
  /** How long the body of a request may take to arrive. */
  readTimeoutMs?: number
}

/** The longest body that this broker accepts. Knative has no limit. */
export const maxEventBytes = 1024 * 1024

/**
 * How many bytes of a refused body are read and discarded. Otherwise a sender that is still writing could not read the
 * response.
 */
const maxDiscardedBytes = 64 * 1024 * 1024

const emptyBody = Buffer.alloc(0)

export interface Ingress {
  handler(request: IncomingMessage, response: ServerResponse): void
  /** Accepts an event of this process by the same rules. Resolves with the HTTP status. */
  take(headers: IncomingHttpHeaders, body: Buffer): Promise<number>
}

/**
 * The HTTP endpoint that accepts events. Its statuses, headers and empty bodies are those of Knative's ingress
 * (measured). 202 means that the event is stored, not that it is delivered. While PostgreSQL is unavailable, the
 * response is 503 with Retry-After.
 */
export const ingress = ({ path, accept, onRefused, clock, readTimeoutMs = 10_000 }: IngressOptions): Ingress => {
  const refuse = (response: ServerResponse, status: number, why: string, headers: Record<string, string> = {}) => {
    onRefused(status, why)
    respond(response, status, headers)
  }

  const receive = (headers: IncomingHttpHeaders, body: Buffer, respondWith: (status: number, why?: string) => void) => {
    const read = readEvent(headers, body, clock())
    if (read.kind !== 'event') return respondWith(400, read.kind === 'empty' ? 'the request has no event' : read.why)
    accept(read.event, result => {
      if (result === 'stored') respondWith(202)
      else if (result === 'unavailable') respondWith(503, 'PostgreSQL is unavailable; publish the event again later')
      else respondWith(500, 'PostgreSQL cannot store the event')
    })
  }

  const handler: Ingress['handler'] = (request, response) => {
    if (request.method === 'OPTIONS') {
      request.resume()
      return respond(response, 200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' })
    }
    const [status, why] = targetError(request, path)
    if (status !== 0) {
      refuse(response, status, why)
      return discard(request)
    }
    readBody(
      request,
      readTimeoutMs,
      body =>
        receive(request.headers, body, (code, reason) => {
          if (reason === undefined) respond(response, code)
          else refuse(response, code, reason, code === 503 ? { 'retry-after': '1' } : {})
        }),
      (code, reason, headers) => refuse(response, code, reason, headers),
    )
  }

  return {
    handler,
    take: (headers, body) =>
      new Promise(resolve =>
        receive(headers, body, (status, why) => {
          if (why !== undefined) onRefused(status, why)
          resolve(status)
        }),
      ),
  }
}

/** Reads the body of a request. `onError` is called for a body that is too long (413) or too slow (500). */
const readBody = (
  request: IncomingMessage,
  timeoutMs: number,
  onBody: (body: Buffer) => void,
  onError: (status: number, why: string, headers: Record<string, string>) => void,
) => {
  const declared = Number(request.headers['content-length'] ?? Number.NaN)
  if (declared === 0) return onBody(emptyBody)

  let chunks: Buffer[] | null = []
  let size = 0
  const fail = (status: number, why: string) => {
    chunks = null
    clearTimeout(timer)
    // After 413 the connection stays open, because a sender that is still writing would get EPIPE instead of the
    // response.
    onError(status, why, status === 413 ? {} : { connection: 'close' })
    discard(request, size)
  }
  const timer = setTimeout(() => fail(500, `the body did not arrive within ${timeoutMs} ms`), timeoutMs)
  if (declared > maxEventBytes)
    return fail(413, `the body has ${declared} bytes; at most ${maxEventBytes} are accepted`)
  request.on('data', (chunk: Buffer) => {
    if (!chunks) return
    size += chunk.length
    if (size > maxEventBytes) return fail(413, `the body has more than ${maxEventBytes} bytes`)
    chunks.push(chunk)
  })
  request.on('end', () => {
    clearTimeout(timer)
    if (chunks) onBody(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
  })
  // The sender closed the connection half-way: there is nothing to store and no response to send.
  request.on('close', () => clearTimeout(timer))
  request.on('error', () => {})
}

/** What is wrong with the method or the path; status 0 when both are right. */
const targetError = ({ method, url = '/' }: IncomingMessage, path: string): [status: number, why: string] => {
  if (method !== 'POST') return [405, `${method} is not accepted; use POST`]
  if (url === path || url === `${path}/`) return [0, '']
  const [, namespace, broker, ...more] = url.split('/')
  if (!namespace) return [404, `the path names no broker; use ${path}`]
  if (!broker || more.some(part => part !== '')) return [400, `${url} is not /<namespace>/<broker>; use ${path}`]
  // The query counts as part of the broker's name.
  return [404, `there is no broker ${url}; use ${path}`]
}

const respond = (response: ServerResponse, status: number, headers: Record<string, string> = {}) => {
  response.writeHead(status, { allow: 'POST, OPTIONS', 'content-length': 0, ...headers })
  response.end()
}

/** Reads the rest of a request without keeping it, up to `maxDiscardedBytes`. */
const discard = (request: IncomingMessage, alreadyRead = 0) => {
  let size = alreadyRead
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxDiscardedBytes) request.destroy()
  })
  request.on('error', () => {})
}

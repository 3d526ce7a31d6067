import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { type CloudEvent, readEvent } from './event/cloud-event.ts'

export interface IngressOptions {
  /** `/vigia/default` */
  path: string
  /** Stores the event; `done` with whether it is kept. */
  accept(event: CloudEvent, done: (fate: 'kept' | 'away' | 'impossible') => void): void
  /** Told of everything that is not accepted. */
  refused(status: number, why: string): void
  clock: () => Date
  /** How long a body may take to arrive. */
  readTimeoutMs?: number
}

/** Ours: Knative knows no limit. */
export const maxEventBytes = 1024 * 1024

/** How much of a body that is refused is still read, so that its sender gets to see the answer. */
const mostRefusedBytes = 64 * 1024 * 1024

const none = Buffer.alloc(0)

export interface Ingress {
  handler(request: IncomingMessage, response: ServerResponse): void
  /** The same for an event that begins in this process; resolves with the status. */
  take(headers: IncomingHttpHeaders, body: Buffer): Promise<number>
}

/**
 * The door of the broker: statuses, headers and empty bodies as Knative's ingress has them (reference/knative-measured.md 1).
 * 202 says that the event is stored, and nothing about its deliveries. Without the store: 503 and Retry-After.
 */
export const ingress = ({ path, accept, refused, clock, readTimeoutMs = 10_000 }: IngressOptions): Ingress => {
  const refuse = (response: ServerResponse, status: number, why: string, more: Record<string, string> = {}) => {
    refused(status, why)
    answer(response, status, more)
  }

  const receive = (headers: IncomingHttpHeaders, body: Buffer, said: (status: number, why?: string) => void) => {
    const read = readEvent(headers, body, clock())
    if (read.is !== 'event') return said(400, read.is === 'nothing' ? 'no event' : read.why)
    accept(read.event, fate => {
      if (fate === 'kept') said(202)
      else if (fate === 'away') said(503, 'PostgreSQL is unavailable; publish the event again later')
      else said(500, 'PostgreSQL cannot take the event')
    })
  }

  const take: Ingress['take'] = (headers, body) =>
    new Promise(resolve =>
      receive(headers, body, (status, why) => {
        if (why !== undefined) refused(status, why)
        resolve(status)
      }),
    )

  const handler: Ingress['handler'] = (request, response) => {
    if (request.method === 'OPTIONS') {
      request.resume()
      return answer(response, 200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' })
    }
    const [status, why] = refusal(request, path)
    if (status !== 0) {
      refuse(response, status, why)
      return discard(request)
    }
    const arrived = (body: Buffer) =>
      receive(request.headers, body, (code, words) => {
        if (words === undefined) answer(response, code)
        else refuse(response, code, words, code === 503 ? { 'retry-after': '1' } : {})
      })
    const declared = Number(request.headers['content-length'] ?? Number.NaN)
    if (declared === 0) return arrived(none)

    let chunks: Buffer[] | null = []
    let size = 0
    const stop = (code: number, words: string) => {
      chunks = null
      clearTimeout(timer)
      // After 413 the connection stays open: a sender that is still writing would get EPIPE and no answer.
      refuse(response, code, words, code === 413 ? {} : { connection: 'close' })
      discard(request, size)
    }
    const timer = setTimeout(() => stop(500, 'the body did not arrive in time'), readTimeoutMs)
    if (declared > maxEventBytes) return stop(413, `a body of ${declared} bytes; ${maxEventBytes} are the most`)
    request.on('data', (chunk: Buffer) => {
      if (!chunks) return
      size += chunk.length
      if (size > maxEventBytes) return stop(413, `a body of more than ${maxEventBytes} bytes`)
      chunks.push(chunk)
    })
    request.on('end', () => {
      clearTimeout(timer)
      if (chunks) arrived(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    })
    // The sender hung up half-way: there is nothing to store and nobody to tell.
    request.on('close', () => clearTimeout(timer))
    request.on('error', () => {})
  }

  return { handler, take }
}

const refusal = ({ method, url = '/' }: IncomingMessage, path: string): [status: number, why: string] => {
  if (method !== 'POST') return [405, `${method} is not accepted; use POST`]
  if (url === path || url === `${path}/`) return [0, '']
  const [, namespace, broker, ...more] = url.split('/')
  if (!namespace) return [404, 'no broker in the path']
  if (!broker || more.some(part => part !== '')) return [400, `${url} is not /<namespace>/<broker>`]
  // The query counts as part of the name.
  return [404, `no broker ${url}`]
}

const answer = (response: ServerResponse, status: number, more: Record<string, string> = {}) => {
  response.writeHead(status, { allow: 'POST, OPTIONS', 'content-length': 0, ...more })
  response.end()
}

/** Reads what still comes and forgets it, up to a point. */
const discard = (request: IncomingMessage, already = 0) => {
  let size = already
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > mostRefusedBytes) request.destroy()
  })
  request.on('error', () => {})
}

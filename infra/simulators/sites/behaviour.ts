import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Time } from '../time.ts'

/** How a site answers requests. */
export type SiteBehaviour =
  | { kind: 'ok'; body?: string }
  | { kind: 'status'; status: number; body?: string }
  /** Answers 200 after `ms` milliseconds. */
  | { kind: 'slow'; ms: number }
  /** Alternates by the clock: up for `periodMs`, then down for `periodMs`. */
  | { kind: 'flapping'; periodMs: number }
  /** Up while its switch is on, otherwise down. */
  | { kind: 'switch'; on: boolean }
  /** Accepts the request and never answers. */
  | { kind: 'hanging' }
  /** Resets the connection. */
  | { kind: 'reset' }
  | { kind: 'redirect'; to: string; status?: 301 | 302 | 303 | 307 | 308 }
  /** Redirects `count` times to itself (counted down in `?left=`), then answers 200; infinity is a loop. */
  | { kind: 'redirects'; count: number }
  /** Sends a body that never ends: a piece every `everyMs`. */
  | { kind: 'endless'; everyMs: number }
  /** Sends a gzip bomb: a few hundred kilobytes that unpack to `bytes` zeros. */
  | { kind: 'bomb'; bytes: number }
  /** Sends the status line at once, then a header every `everyMs`, without end. */
  | { kind: 'slow-headers'; everyMs: number }

/** The sites that exist at the start, by path. */
export const defaultSites: Record<string, SiteBehaviour> = {
  '/shop': { kind: 'switch', on: true },
  '/healthy': { kind: 'ok' },
  '/failing': { kind: 'status', status: 500 },
  '/slow': { kind: 'slow', ms: 3000 },
  '/flapping': { kind: 'flapping', periodMs: 3 * 60_000 },
  '/hanging': { kind: 'hanging' },
  '/reset': { kind: 'reset' },
  '/redirect': { kind: 'redirects', count: 3 },
  '/redirect-loop': { kind: 'redirects', count: Number.POSITIVE_INFINITY },
  '/endless': { kind: 'endless', everyMs: 100 },
  '/bomb': { kind: 'bomb', bytes: 200 * 1024 * 1024 },
  '/slow-headers': { kind: 'slow-headers', everyMs: 1000 },
}

/** Whether a check at the time `now` would get the result that the site is up. */
export const isUp = (behaviour: SiteBehaviour, now: Date): boolean => {
  switch (behaviour.kind) {
    case 'ok':
    case 'slow':
    // A monitor judges the status and does not wait for the end of the body.
    case 'endless':
    case 'bomb':
      return true
    case 'status':
      return behaviour.status >= 200 && behaviour.status < 300
    case 'switch':
      return behaviour.on
    case 'flapping':
      return Math.floor(now.getTime() / behaviour.periodMs) % 2 === 0
    case 'redirect':
      return true
    case 'redirects':
      return Number.isFinite(behaviour.count)
    default:
      return false
  }
}

/** Answers a request according to the behaviour. Returns the status, or null if no status was sent. */
export const respond = (
  behaviour: SiteBehaviour,
  request: IncomingMessage,
  response: ServerResponse,
  time: Time,
): number | null => {
  const text = (status: number, body: string) => {
    response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    })
    response.end(body)
    return status
  }
  const whenClosed = (work: () => void) => void response.once('close', work)

  switch (behaviour.kind) {
    case 'ok':
      return text(200, behaviour.body ?? 'ok\n')
    case 'status':
      return text(behaviour.status, behaviour.body ?? `${behaviour.status}\n`)
    case 'flapping':
    case 'switch':
      return isUp(behaviour, time.now()) ? text(200, 'ok\n') : text(500, 'internal server error\n')
    case 'slow':
      whenClosed(time.after(behaviour.ms, () => void text(200, 'ok, at last\n')))
      return 200
    case 'hanging':
      return null
    case 'reset':
      request.socket.resetAndDestroy()
      return null
    case 'redirect':
      response.writeHead(behaviour.status ?? 302, { location: behaviour.to }).end()
      return behaviour.status ?? 302
    case 'redirects': {
      const url = new URL(request.url ?? '/', 'http://site')
      const left = Number(url.searchParams.get('left') ?? behaviour.count)
      if (left <= 0) return text(200, 'ok, after all\n')
      url.searchParams.set('left', String(left - 1))
      response.writeHead(302, { location: url.pathname + url.search }).end()
      return 302
    }
    case 'endless':
      response.writeHead(200, { 'content-type': 'text/plain' })
      whenClosed(repeat(time, behaviour.everyMs, () => response.write('and so on\n')))
      return 200
    case 'bomb': {
      const body = bomb(behaviour.bytes)
      response.writeHead(200, {
        'content-type': 'text/html',
        'content-encoding': 'gzip',
        'content-length': body.length,
      })
      response.end(body)
      return 200
    }
    case 'slow-headers': {
      let count = 0
      const { socket } = request
      socket.write('HTTP/1.1 200 OK\r\n')
      whenClosed(repeat(time, behaviour.everyMs, () => socket.write(`X-Patience-${count++}: please\r\n`)))
      return null
    }
    default:
      return behaviour satisfies never
  }
}

const repeat = (time: Time, ms: number, work: () => void): (() => void) => {
  let cancel = () => {}
  const next = () => {
    cancel = time.after(ms, () => {
      work()
      next()
    })
  }
  next()
  return () => cancel()
}

let compressed: { bytes: number; body: Buffer } | undefined

// The body is compressed only once, and only the compressed body stays in memory.
const bomb = (bytes: number): Buffer => {
  if (compressed?.bytes !== bytes) compressed = { bytes, body: gzipSync(Buffer.alloc(bytes)) }
  return compressed.body
}

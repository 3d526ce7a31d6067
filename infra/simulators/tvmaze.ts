import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '#functions/host/clock.ts'
import { realTime, type Time } from './time.ts'
import { callLimiter } from './tvmaze/call-limiter.ts'
import { fiveMinuteShowId, nextFiveMinuteEpisode } from './tvmaze/five-minute-show.ts'
import { showIds } from './tvmaze/invented-shows.ts'
import { picture } from './tvmaze/picture.ts'
import { errorResponse, route, type TvmazeResponse } from './tvmaze/routes.ts'
import { createStore, type Store } from './tvmaze/store.ts'

export type { EpisodeRow, ShowRow } from './tvmaze/rows.ts'
export type { Airing, NewEpisode, NewShow } from './tvmaze/store.ts'
export { fiveMinuteShowId, showIds }

/**
 * How TVMaze can be unwell: connections refused in mid-air (`down`), 429 with Retry-After, a page of HTML with status 200 or 502,
 * no answer for a long time (`slow`).
 */
export type TvmazeFailure = 'down' | '429' | 'html200' | 'slow' | '502'

export interface TvmazeCall {
  path: string
  query: string
  at: Date
  /** null where the connection was cut. */
  status: number | null
  userAgent: string
}

export interface TvmazeSimulator extends Store {
  /** What TVMAZE_URL is set to. */
  readonly url: string
  /** Ids of the invented shows, by what they are for. */
  readonly showIds: typeof showIds
  /** From now on, or for the next `times` calls (to paths that begin with `path`); null ends it. */
  fail(trouble: TvmazeFailure | null, options?: { times?: number; path?: string }): void
  /** Oldest first. */
  calls(): TvmazeCall[]
  forgetCalls(): void
  /** When the show that airs every five minutes (`BULLETIN_ID`) is on next; only in newcomer mode. */
  nextFiveMinuteEpisode(): Date
  stop(): Promise<void>
}

export interface TvmazeOptions {
  port?: number
  clock?: Clock
  time?: Time
  /** Dates follow the clock and a show airs every five minutes. Without: the cast as of 2026-11-21, the same for ever. */
  newcomer?: boolean
  /** TVMaze's 20 calls in 10 seconds; default on. */
  limit?: boolean
  /** Answers are kept for an hour, as by the cache before the real one, edits or not. */
  edgeCache?: boolean
}

/** The day as of which the cast of tests stands. */
export const fixedToday = '2026-11-21'

const slowMs = 30_000
const cacheLifetimeMs = 3_600_000

/** Starts a TVMaze of our own on loopback: invented shows, real manners. */
export const startTvmaze = async (options: TvmazeOptions = {}): Promise<TvmazeSimulator> => {
  const time = options.time ?? realTime(options.clock)
  const living = options.newcomer === true
  const today = living
    ? Temporal.PlainDate.from(time.now().toISOString().slice(0, 10))
    : Temporal.PlainDate.from(fixedToday)
  const store = createStore(time.now, today, living)
  const spend = options.limit === false ? () => 0 : callLimiter(time.now)
  const cached = new Map<string, { reply: TvmazeResponse; at: number }>()
  const calls: TvmazeCall[] = []
  let trouble: { kind: TvmazeFailure; path: string; left: number } | null = null

  const troubleFor = (path: string): TvmazeFailure | null => {
    if (trouble === null || !path.startsWith(trouble.path)) return null
    const { kind } = trouble
    trouble.left--
    if (trouble.left <= 0) trouble = null
    return kind
  }

  const answered = (path: string, query: URLSearchParams, base: string): TvmazeResponse & { retryAfter?: number } => {
    const key = `${path}?${query}`
    const known = cached.get(key)
    if (known !== undefined && time.now().getTime() < known.at + cacheLifetimeMs) return known.reply
    const seconds = spend()
    if (seconds > 0) return { ...errorResponse(429, 'You have exceeded the rate limit.'), retryAfter: seconds }
    const reply = route(store, { path, query, base, now: time.now() })
    if (options.edgeCache === true) cached.set(key, { reply, at: time.now().getTime() })
    return reply
  }

  const server = createServer((request, response) => {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { pathname, searchParams } = new URL(request.url ?? '/', base)
    const image = /^\/uploads\/images\/(medium_portrait|original_untouched)\/\d+\/(\d+)\.png$/.exec(pathname)
    if (image !== null) return sendImage(response, Number(image[2]), image[1] === 'medium_portrait')
    const kind = troubleFor(pathname)
    const log = (status: number | null) => calls.push(logged(request, pathname, searchParams, time.now(), status))
    if (kind === 'down') {
      log(null)
      request.socket.destroy()
      return
    }
    if (kind === '429') {
      log(429)
      return sendJson(response, { ...errorResponse(429, 'You have exceeded the rate limit.'), retryAfter: 5 })
    }
    if (kind === 'html200' || kind === '502') {
      const status = kind === '502' ? 502 : 200
      log(status)
      response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8' })
      response.end('<!doctype html><html><body><h1>We will be right back</h1></body></html>')
      return
    }
    const reply = answered(pathname, searchParams, base)
    log(reply.status)
    if (kind === 'slow') time.after(slowMs, () => sendJson(response, reply))
    else sendJson(response, reply)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })

  return {
    ...store,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    showIds: showIds,
    fail: (kind, { times = Number.POSITIVE_INFINITY, path = '/' } = {}) => {
      trouble = kind === null ? null : { kind, path, left: times }
    },
    calls: () => [...calls],
    forgetCalls: () => void calls.splice(0),
    nextFiveMinuteEpisode: () => nextFiveMinuteEpisode(time.now()),
    stop: async () => {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

const logged = (
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
  at: Date,
  status: number | null,
): TvmazeCall => ({ path, query: query.toString(), at, status, userAgent: request.headers['user-agent'] ?? '' })

const sendJson = (
  response: ServerResponse,
  { status, body, location, retryAfter }: TvmazeResponse & { retryAfter?: number },
): void => {
  const json = JSON.stringify(body)
  response.setHeader('content-type', 'application/json; charset=UTF-8')
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('cache-control', 'public, max-age=3600')
  response.setHeader('content-length', Buffer.byteLength(json))
  if (location !== undefined) response.setHeader('location', location)
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
  response.writeHead(status).end(json)
}

const sendImage = (response: ServerResponse, id: number, medium: boolean): void => {
  const body = medium ? picture(id, 210, 295) : picture(id, 680, 1000)
  response.writeHead(200, {
    'content-type': 'image/png',
    'content-length': body.length,
    'cache-control': 'max-age=31536000',
  })
  response.end(body)
}

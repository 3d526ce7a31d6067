import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Clock } from '#functions/host/clock.ts'
import { listenOnLoopback } from './loopback-server.ts'
import { realTime, type Time } from './time.ts'
import { callLimiter } from './tvmaze/call-limiter.ts'
import { fiveMinuteShowId, nextFiveMinuteEpisode } from './tvmaze/five-minute-show.ts'
import { showIds } from './tvmaze/invented-shows.ts'
import { picture } from './tvmaze/picture.ts'
import { errorResponse, respond, type TvmazeResponse } from './tvmaze/routes.ts'
import { createStore, type Store } from './tvmaze/store.ts'

export type { EpisodeRow, ShowRow } from './tvmaze/rows.ts'
export type { Airing, NewEpisode, NewShow } from './tvmaze/store.ts'
export { fiveMinuteShowId, showIds }

/**
 * How TVmaze fails: it drops connections (`down`), answers 429 with Retry-After, answers an HTML page with status 200
 * or 502, or takes half a minute (`slow`).
 */
export type TvmazeFailure = 'down' | '429' | 'html200' | 'slow' | '502'

/** One call of the API. */
export interface TvmazeCall {
  path: string
  query: string
  at: Date
  /** null if the connection was dropped. */
  status: number | null
  userAgent: string
}

export interface TvmazeSimulator extends Store {
  /** The value for TVMAZE_URL. */
  readonly url: string
  /** The ids of the invented shows. Each key names the case for which the show is an example. */
  readonly showIds: typeof showIds
  /**
   * Makes every later call fail, or only the next `times` calls to paths that begin with `path`; null ends the
   * failures.
   */
  fail(failure: TvmazeFailure | null, options?: { times?: number; path?: string }): void
  /** The calls, oldest first. */
  calls(): TvmazeCall[]
  forgetCalls(): void
  /** The time of the next episode of the show that airs every five minutes; the show exists in newcomer mode only. */
  nextFiveMinuteEpisode(): Date
  stop(): Promise<void>
}

export interface TvmazeOptions {
  port?: number
  clock?: Clock
  time?: Time
  /** If true, dates follow the clock and one show airs every five minutes. Otherwise today is always `fixedToday`. */
  newcomer?: boolean
  /** Whether TVmaze's limit of 20 calls in 10 seconds applies; true by default. */
  limit?: boolean
  /** Whether each response is cached for an hour, even after an edit, like in the cache in front of the real API. */
  edgeCache?: boolean
}

/** "Today" for the invented shows, unless dates follow the clock. */
export const fixedToday = '2026-11-21'

const slowMs = 30_000
const cacheLifetimeMs = 3_600_000

type ResponseWithRetryAfter = TvmazeResponse & { retryAfter?: number }

/** Starts a simulated TVmaze on 127.0.0.1, with invented shows and the behaviour of the real API. */
export const startTvmaze = async (options: TvmazeOptions = {}): Promise<TvmazeSimulator> => {
  const time = options.time ?? realTime(options.clock)
  const followsClock = options.newcomer === true
  const today = Temporal.PlainDate.from(followsClock ? time.now().toISOString().slice(0, 10) : fixedToday)
  const store = createStore(time.now, today, followsClock)
  const respondTo = limitedAndCached(store, time, options)
  const failures = injectedFailures()
  const calls: TvmazeCall[] = []

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    const image = /^\/uploads\/images\/(medium_portrait|original_untouched)\/\d+\/(\d+)\.png$/.exec(pathname)
    if (image !== null) return sendImage(response, Number(image[2]), image[1] === 'medium_portrait')
    const failure = failures.take(pathname)
    const log = (status: number | null) => calls.push(callOf(request, pathname, searchParams, time.now(), status))
    switch (failure) {
      case 'down':
        log(null)
        request.socket.destroy()
        return
      case '429':
        log(429)
        return sendJson(response, { ...rateLimitExceeded, retryAfter: 5 })
      case 'html200':
      case '502': {
        const status = failure === '502' ? 502 : 200
        log(status)
        response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8' })
        response.end('<!doctype html><html><body><h1>We will be right back</h1></body></html>')
        return
      }
    }
    const reply = respondTo(pathname, searchParams, url)
    log(reply.status)
    if (failure === 'slow') time.after(slowMs, () => sendJson(response, reply))
    else sendJson(response, reply)
  })
  const { url, stop } = await listenOnLoopback(server, options.port)

  return {
    ...store,
    url,
    showIds,
    fail: failures.set,
    calls: () => [...calls],
    forgetCalls: () => void calls.splice(0),
    nextFiveMinuteEpisode: () => nextFiveMinuteEpisode(time.now()),
    stop,
  }
}

/** Keeps the failure that a test asked for, and the number of calls that it still applies to. */
const injectedFailures = () => {
  let current: { failure: TvmazeFailure; path: string; left: number } | null = null
  return {
    set: ((failure, { times = Number.POSITIVE_INFINITY, path = '/' } = {}) => {
      current = failure === null ? null : { failure, path, left: times }
    }) satisfies TvmazeSimulator['fail'],
    take: (path: string): TvmazeFailure | null => {
      if (current === null || !path.startsWith(current.path)) return null
      const { failure } = current
      current.left--
      if (current.left <= 0) current = null
      return failure
    },
  }
}

const rateLimitExceeded = errorResponse(429, 'You have exceeded the rate limit.')

/**
 * Answers from the store, with the rate limit and, if `edgeCache` is set, with a cache. A response from the cache does
 * not count for the limit.
 */
const limitedAndCached = (store: Store, time: Time, { limit, edgeCache }: TvmazeOptions) => {
  const secondsToWait = limit === false ? () => 0 : callLimiter(time.now)
  const cache = new Map<string, { reply: TvmazeResponse; at: number }>()
  return (path: string, query: URLSearchParams, base: string): ResponseWithRetryAfter => {
    const key = `${path}?${query}`
    const cached = cache.get(key)
    if (cached !== undefined && time.now().getTime() < cached.at + cacheLifetimeMs) return cached.reply
    const retryAfter = secondsToWait()
    if (retryAfter > 0) return { ...rateLimitExceeded, retryAfter }
    const reply = respond(store, { path, query, base, now: time.now() })
    if (edgeCache === true) cache.set(key, { reply, at: time.now().getTime() })
    return reply
  }
}

const callOf = (
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
  at: Date,
  status: number | null,
): TvmazeCall => ({ path, query: query.toString(), at, status, userAgent: request.headers['user-agent'] ?? '' })

const sendJson = (response: ServerResponse, { status, body, location, retryAfter }: ResponseWithRetryAfter): void => {
  const json = JSON.stringify(body)
  response.setHeader('content-type', 'application/json; charset=UTF-8')
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('cache-control', 'public, max-age=3600')
  response.setHeader('content-length', Buffer.byteLength(json))
  if (location !== undefined) response.setHeader('location', location)
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
  response.writeHead(status).end(json)
}

const sendImage = (response: ServerResponse, id: number, isMedium: boolean): void => {
  const body = isMedium ? picture(id, 210, 295) : picture(id, 680, 1000)
  response.writeHead(200, {
    'content-type': 'image/png',
    'content-length': body.length,
    'cache-control': 'max-age=31536000',
  })
  response.end(body)
}

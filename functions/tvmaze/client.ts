import type { Show, ShowHit } from '#database/series/show.ts'
import { isTvmazeId, isWithin } from '#events/ranges.ts'
import type { Clock } from '#functions/host/clock.ts'
import { ShowGone, ShowUnreadable, TvmazeBusy, TvmazeUnavailable } from './errors.ts'
import { embeddedList, isObject, type Json, parseShow, parseShowHit } from './parse-show.ts'
import { budgetLimiter, type CallBudget, processLimiter } from './rate-limit.ts'

/**
 * The API of TVmaze (https://www.tvmaze.com/api). Every call throws TvmazeUnavailable if there is no usable response.
 */
export interface Tvmaze {
  /** At most ten hits, best first; [] if nothing is found. */
  search(name: string): Promise<ShowHit[]>
  /**
   * The show with the fields of a search hit. Makes one call. Throws ShowGone. If TVmaze merged the show into another
   * show, the result has the id of the other show.
   */
  card(id: number): Promise<ShowHit>
  /**
   * The show with its episodes (also specials), its seasons and its names in other countries. Makes two calls. Throws
   * ShowGone and ShowUnreadable. For a merged show the result has the id of the other show, as in `card`.
   */
  show(id: number): Promise<Show>
  /** When each show was last edited, in Unix seconds, by id. Without `since`, the map contains all shows. */
  updates(since?: 'day' | 'week' | 'month'): Promise<Map<number, number>>
  /** The show that has this external id now, or null. */
  lookup(external: { imdb: string } | { thetvdb: number }): Promise<ShowHit | null>
  /** The id of that show, or null. Makes one call, and `lookup` makes two. */
  idOf(external: { imdb: string } | { thetvdb: number }): Promise<number | null>
  /**
   * This API with a time limit: all calls together may take `ms` from now, with their waits and further attempts. A
   * call that would need more time throws TvmazeUnavailable.
   */
  within(ms: number): Tvmaze
}

export interface TvmazeOptions {
  userAgent?: string
  /**
   * The highest number of calls of this process in any ten seconds. It is used only without a shared budget. TVmaze
   * allows 20 per IP address.
   */
  callsPerTenSeconds?: number
  budget?: CallBudget
  /** The longest wait for the budget or for a Retry-After. If a longer wait is necessary, the call fails at once. */
  longestWaitMs?: number
  /**
   * How many times one call is tried if TVmaze is unavailable. If a person waits, only a 429 is followed by another
   * attempt.
   */
  attempts?: number
  timeoutMs?: number
  clock?: Clock
  wait?: (ms: number) => Promise<void>
}

/** A response: JSON, or the target of a redirect. The client sets the status `redirectLoop`; TVmaze never sends it. */
interface TvmazeResponse {
  status: number
  json: unknown
  location: string | null
}

const redirectLoop = 310
const maxRedirects = 5
/** The wait after a 429 without Retry-After. */
const defaultWaitS = 2
/** A `longestWaitMs` below this number means that a person waits for the result. */
const personWaitMs = 10_000

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/**
 * The client of TVmaze. It limits its calls and keeps one idle connection, because TVmaze may block an address that has
 * more connections.
 */
export const tvmaze = (baseUrl: string, options: TvmazeOptions = {}): Tvmaze => {
  const { clock = () => new Date() } = options
  const request = requester(baseUrl.replace(/\/+$/, ''), { ...options, clock })
  const until = (deadlineMs: number): Tvmaze => ({
    ...calls((path, options) => request(path, deadlineMs, options), clock),
    within: ms => until(Math.min(deadlineMs, clock().getTime() + ms)),
  })
  return until(Number.POSITIVE_INFINITY)
}

interface RequestOptions {
  /** Whether a redirect is followed; otherwise its target is the result. */
  follow: boolean
}

type Request = (path: string, options?: RequestOptions) => Promise<TvmazeResponse>

const lookupPath = (external: { imdb: string } | { thetvdb: number }): string => {
  const [key, value] = Object.entries(external)[0]!
  return `/lookup/shows?${key}=${encodeURIComponent(String(value))}`
}

const calls = (request: Request, clock: Clock): Omit<Tvmaze, 'within'> => {
  const list = async (path: string): Promise<Json[]> => {
    const { status, json } = await request(path)
    if (status === 200 && Array.isArray(json)) return json.filter(isObject)
    throw new TvmazeUnavailable(`answered ${status} to ${path} with something that is not a list`, status)
  }

  const showJson = async (id: number, query = ''): Promise<{ json: Json; hit: ShowHit }> => {
    const { status, json } = await request(`/shows/${id}${query}`)
    if (status === 404) throw new ShowGone(id)
    if (status === redirectLoop) throw new ShowUnreadable(id, 'redirects in a circle', status)
    // A refusal such as 403 concerns all calls of this address, and not only this show.
    if (status !== 200) throw new TvmazeUnavailable(`answered ${status} to /shows/${id}`, status)
    const hit = parseShowHit(json)
    if (hit === null || !isObject(json)) throw new ShowUnreadable(id, `answered ${status} with no show`, status)
    return { json, hit }
  }

  return {
    search: async name => {
      const hits = await list(`/search/shows?q=${encodeURIComponent(name.toWellFormed())}`)
      return hits.flatMap(hit => parseShowHit(hit.show) ?? [])
    },

    card: async id => (await showJson(id)).hit,

    show: async id => {
      // The episodes are a call of their own, because an embedded list has no specials.
      const { json, hit } = await showJson(id, '?embed[]=seasons&embed[]=akas')
      const episodes = await list(`/shows/${hit.id}/episodes?specials=1`)
      // TVmaze's redirect to another id loses the query, so a merged show gets its seasons at the next fetch.
      const akas = embeddedList(json, 'akas') ?? (await list(`/shows/${hit.id}/akas`))
      return parseShow(hit, { json, episodes, akas, fetchedAt: clock() })
    },

    updates: async since => {
      const path = since === undefined ? '/updates/shows' : `/updates/shows?since=${since}`
      const { status, json } = await request(path)
      if (status !== 200 || !isObject(json))
        throw new TvmazeUnavailable(`answered ${status} to ${path} with no updates`, status)
      return new Map(
        Object.entries(json).flatMap(([id, at]) =>
          isTvmazeId(Number(id)) && isWithin(at, 0, Number.MAX_SAFE_INTEGER) ? [[Number(id), at] as const] : [],
        ),
      )
    },

    lookup: async external => {
      const path = lookupPath(external)
      const { status, json } = await request(path)
      if (status === 404) return null
      const hit = parseShowHit(json)
      if (status !== 200 || hit === null)
        throw new TvmazeUnavailable(`answered ${status} to ${path} with no show`, status)
      return hit
    },

    idOf: async external => {
      const path = lookupPath(external)
      const { status, json, location } = await request(path, { follow: false })
      if (status === 404) return null
      const id = Number(/\/shows\/(\d{1,10})(?:[/?#]|$)/.exec(location ?? '')?.[1] ?? parseShowHit(json)?.id)
      if (!isTvmazeId(id)) throw new TvmazeUnavailable(`answered ${status} to ${path} with no show`, status)
      return id
    },
  }
}

/**
 * Makes a function that requests a path. The function respects the limit of calls, tries again after a failure, and
 * follows redirects on TVmaze's own host. It gives up before the deadline, in Unix milliseconds.
 */
const requester = (
  base: string,
  {
    userAgent = 'Vigia/0.1 (+https://vigia.dev)',
    callsPerTenSeconds = 18,
    budget,
    longestWaitMs = 30_000,
    attempts = 1,
    timeoutMs = 8_000,
    clock,
    wait = sleep,
  }: TvmazeOptions & { clock: Clock },
) => {
  const takeCall = budget ? budgetLimiter(budget, longestWaitMs, wait) : processLimiter(callsPerTenSeconds, clock, wait)
  const isPersonWaiting = longestWaitMs < personWaitMs
  const agent = lazyAgent(base)

  const get = async (url: URL, deadlineMs: number): Promise<TvmazeResponse> => {
    const leftMs = () => deadlineMs - clock().getTime()
    await takeCall(leftMs())
    const { default: got } = await import('got')
    const requestMs = Math.min(timeoutMs, leftMs())
    if (requestMs <= 0) throw new TvmazeUnavailable('the time for the calls is over')
    const response = await got(url, {
      headers: { 'user-agent': userAgent, accept: 'application/json' },
      agent: await agent(),
      timeout: { request: requestMs },
      retry: { limit: 0 },
      throwHttpErrors: false,
      followRedirect: false,
    }).catch((error: { code?: string }) => {
      throw new TvmazeUnavailable(
        error.code === 'ETIMEDOUT'
          ? `no answer within ${requestMs / 1000} s`
          : `no answer (${error.code ?? 'unknown'})`,
      )
    })
    const { statusCode: status, headers, body } = response
    if (status === 429 || status >= 500) {
      const retryAfterS = retryAfterSeconds(headers['retry-after'], clock())
      if (status === 429) await budget?.pause((retryAfterS ?? defaultWaitS) * 1000)
      throw new TvmazeUnavailable(`answered ${status}`, status, retryAfterS)
    }
    return readResponse(url, status, headers.location, body)
  }

  /** Sends a request and follows its redirects. Each redirect counts as another call. */
  const getFollowing = async (path: string, deadlineMs: number): Promise<TvmazeResponse> => {
    let url = new URL(`${base}${path}`)
    for (let call = 0; call <= maxRedirects; call++) {
      const response = await get(url, deadlineMs)
      if (response.location === null) return response
      url = new URL(response.location, url)
      if (url.hostname !== new URL(base).hostname)
        throw new TvmazeUnavailable(`redirects to ${url.host}`, response.status)
    }
    return { status: redirectLoop, json: null, location: url.pathname }
  }

  return async (
    path: string,
    deadlineMs: number,
    { follow }: RequestOptions = { follow: true },
  ): Promise<TvmazeResponse> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await (follow ? getFollowing(path, deadlineMs) : get(new URL(`${base}${path}`), deadlineMs))
      } catch (error) {
        if (!(error instanceof TvmazeUnavailable) || attempt >= attempts || error instanceof TvmazeBusy) throw error
        const waitMs = (error.retryAfterS ?? defaultWaitS ** attempt) * 1000
        if (isPersonWaiting && (error.status !== 429 || waitMs > longestWaitMs)) throw error
        const pauseMs = Math.min(waitMs, 30_000)
        if (clock().getTime() + pauseMs >= deadlineMs) throw error
        await wait(pauseMs)
      }
    }
  }
}

const readResponse = (url: URL, status: number, target: string | undefined, body: string): TvmazeResponse => {
  const location = status >= 300 && status < 400 ? (target ?? null) : null
  if (location !== null) {
    if (!URL.canParse(location, url))
      throw new TvmazeUnavailable('redirects to something that is not an address', status)
    return { status, json: null, location }
  }
  try {
    return { status, json: JSON.parse(body), location }
  } catch {
    // The response is a page of a proxy between this process and TVmaze. A 404 from a proxy does not mean that the show
    // is gone.
    throw new TvmazeUnavailable(`answered ${status} with something that is not JSON`, status)
  }
}

/** Retry-After in seconds, from a number of seconds or a date; null for other values. */
const retryAfterSeconds = (header: string | undefined, now: Date): number | null => {
  if (header === undefined) return null
  const s = /^\d+$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - now.getTime()) / 1000)
  return Number.isNaN(s) ? null : Math.min(Math.max(s, 1), 86_400)
}

/** Makes a function that returns an agent, which it makes at the first call. The agent keeps one idle connection. */
const lazyAgent = (baseUrl: string) => {
  let agent: Promise<import('got').Agents> | undefined
  const open = async (): Promise<import('got').Agents> => {
    const options = { keepAlive: true, maxSockets: 2, maxFreeSockets: 1 }
    return baseUrl.startsWith('https:')
      ? { https: new (await import('node:https')).Agent(options) }
      : { http: new (await import('node:http')).Agent(options) }
  }
  return () => {
    agent ??= open()
    return agent
  }
}

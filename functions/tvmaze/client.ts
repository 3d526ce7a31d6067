import type { Show, ShowHit } from '#database/series/show.ts'
import { validDate, validEpisodes, validLabel, validLink, validName } from '#database/series/valid-show.ts'
import { isShowId, isWithin } from '#events/ranges.ts'
import type { Clock } from '#functions/host/clock.ts'
import { plain } from '#functions/telegram/html.ts'

/** TVMaze could not be asked, or did not answer as TVMaze does (429, 5xx, HTML with status 200): later it will. */
export class TvmazeUnavailable extends Error {
  override readonly name = 'TvmazeUnavailable'
  /** HTTP status, null when there was no answer. */
  readonly status: number | null
  readonly retryAfterS: number | null
  constructor(words: string, status: number | null = null, retryAfterS: number | null = null) {
    super(`TVMaze: ${words}`)
    this.status = status
    this.retryAfterS = retryAfterS
  }
}

/** TVMaze itself says that it has no such show: deleted, or merged into another without a redirect. */
export class ShowGone extends Error {
  override readonly name = 'ShowGone'
  readonly showId: number
  constructor(showId: number) {
    super(`TVMaze has no show ${showId}`)
    this.showId = showId
  }
}

/** TVMaze answers for this one show with something that cannot be read (a circle of redirects, no show): asking again is no use today. */
export class ShowUnreadable extends TvmazeUnavailable {
  constructor(showId: number, words: string, status: number | null = null) {
    super(`show ${showId}: ${words}`, status)
  }
}

/** The calls that TVMaze allows are used up for longer than this caller can wait. */
export class TvmazeBusy extends TvmazeUnavailable {
  constructor(waitMs: number) {
    super(`no call is left for ${Math.ceil(waitMs / 1000)} s`, 429, Math.ceil(waitMs / 1000))
  }
}

export interface Tvmaze {
  /** At most ten, best first; none is []. */
  search(words: string): Promise<ShowHit[]>
  /** The show as a search finds it. One call. Throws ShowGone when TVMaze says 404. Another id where it was merged into another show. */
  card(id: number): Promise<ShowHit>
  /** The whole show with its episodes (specials too) and its Brazilian name. Three calls. Throws ShowGone and ShowUnreadable. Another id where it was merged. */
  show(id: number): Promise<Show>
  /** When each show was last edited (unix seconds), by id; without `since` every show there is. */
  updates(since?: 'day' | 'week' | 'month'): Promise<Map<number, number>>
  /** Who has this external id now, or null. */
  lookup(external: { imdb: string } | { thetvdb: number }): Promise<ShowHit | null>
}

interface Budget {
  take(): Promise<number>
  pause(ms: number): Promise<void>
}

export interface TvmazeOptions {
  userAgent?: string
  /** Calls in any ten seconds of this process alone, where there is no budget that all share. TVMaze allows 20 to an address. */
  callsPerTenSeconds?: number
  /** The calls that all functions share: `take` is 0 when this one may go out, else the milliseconds to wait. */
  budget?: Budget
  /** How long one wait may be, for the budget or for a Retry-After. Longer ones fail at once, because a person waits. */
  longestWaitMs?: number
  /** How often one call is tried when TVMaze is unavailable: 1 where a person waits. */
  attempts?: number
  timeoutMs?: number
  clock?: Clock
  wait?: (ms: number) => Promise<void>
}

/** An answer: JSON, or where it leads. 310 is ours: redirects without an end. */
interface Reply {
  status: number
  json: unknown
  location: string | null
}

const mostRedirects = 5
/** Where TVMaze says 429 and not for how long. */
const USUAL_WAIT_S = 2
/** A caller that waits no longer than this has a person behind it. */
const PERSON_MS = 10_000

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/** The one way to TVMaze: paced, one kept connection (more idle ones may get an address blocked), every field taken as possibly absent. */
export const tvmaze = (
  baseUrl: string,
  {
    userAgent = 'Vigia/0.1 (+https://vigia.dev)',
    callsPerTenSeconds = 18,
    budget,
    longestWaitMs = 30_000,
    attempts = 1,
    timeoutMs = 8_000,
    clock = () => new Date(),
    wait = sleep,
  }: TvmazeOptions = {},
): Tvmaze => {
  const paced = budget ? granted(budget, longestWaitMs, wait) : pace(callsPerTenSeconds, clock, wait)
  const isPerson = longestWaitMs < PERSON_MS
  const base = baseUrl.replace(/\/+$/, '')
  const connection = connectionTo(base)

  /** One call; a redirect is another one. */
  const once = async (path: string): Promise<Reply> => {
    let url = new URL(`${base}${path}`)
    for (let call = 0; call <= mostRedirects; call++) {
      const reply = await get(url)
      if (reply.location === null) return reply
      url = new URL(reply.location, url)
      if (url.hostname !== new URL(base).hostname) throw new TvmazeUnavailable(`redirects to ${url.host}`, reply.status)
    }
    return { status: 310, json: null, location: url.pathname }
  }

  const get = async (url: URL): Promise<Reply> => {
    await paced()
    const { default: got } = await import('got')
    const answer = await got(url, {
      headers: { 'user-agent': userAgent, accept: 'application/json' },
      agent: await connection(),
      timeout: { request: timeoutMs },
      retry: { limit: 0 },
      throwHttpErrors: false,
      followRedirect: false,
    }).catch((error: { code?: string }) => {
      throw new TvmazeUnavailable(
        error.code === 'ETIMEDOUT'
          ? `no answer within ${timeoutMs / 1000} s`
          : `no answer (${error.code ?? 'unknown'})`,
      )
    })
    const status = answer.statusCode
    if (status === 429 || status >= 500) {
      const retryAfterS = seconds(answer.headers['retry-after'], clock())
      if (status === 429) await budget?.pause((retryAfterS ?? USUAL_WAIT_S) * 1000)
      throw new TvmazeUnavailable(`answered ${status}`, status, retryAfterS)
    }
    const location = status >= 300 && status < 400 ? (answer.headers.location ?? null) : null
    if (location !== null) {
      if (!URL.canParse(location, url)) throw new TvmazeUnavailable('redirects to something that is no address', status)
      return { status, json: null, location }
    }
    try {
      return { status, json: JSON.parse(answer.body), location }
    } catch {
      // A page of some box between us and TVMaze; a 404 of its making says nothing about the show.
      throw new TvmazeUnavailable(`answered ${status} with something that is not JSON`, status)
    }
  }

  const ask = async (path: string): Promise<Reply> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(path)
      } catch (error) {
        if (!(error instanceof TvmazeUnavailable) || attempt >= attempts || error instanceof TvmazeBusy) throw error
        const waitMs = (error.retryAfterS ?? USUAL_WAIT_S ** attempt) * 1000
        if (isPerson && (error.status !== 429 || waitMs > longestWaitMs)) throw error
        await wait(Math.min(waitMs, 30_000))
      }
    }
  }

  const list = (path: string, { status, json }: { status: number; json: unknown }): Json[] => {
    if (status === 200 && Array.isArray(json)) return json.filter(isObject)
    throw new TvmazeUnavailable(`answered ${status} to ${path} with something that is no list`, status)
  }

  const showJson = async (id: number): Promise<{ json: Json; hit: ShowHit }> => {
    const { status, json } = await ask(`/shows/${id}`)
    if (status === 404) throw new ShowGone(id)
    const hit = showHit(json)
    if (status !== 200 || hit === null || !isObject(json)) {
      throw new ShowUnreadable(id, status === 310 ? 'redirects in a circle' : `answered ${status} with no show`, status)
    }
    return { json, hit }
  }

  return {
    search: async words => {
      const path = `/search/shows?q=${encodeURIComponent(words.toWellFormed())}`
      return list(path, await ask(path)).flatMap(hit => showHit(hit.show) ?? [])
    },
    card: async id => (await showJson(id)).hit,
    show: async id => {
      const { json, hit } = await showJson(id)
      const path = `/shows/${hit.id}/episodes?specials=1`
      const episodes = list(path, await ask(path)).map(episode)
      const akas = list(`/shows/${hit.id}/akas`, await ask(`/shows/${hit.id}/akas`))
      const brazilian = akas.find(aka => isObject(aka.country) && aka.country.code === 'BR')
      const externals = isObject(json.externals) ? json.externals : {}
      return {
        _id: hit.id,
        name: hit.name,
        url: hit.url,
        image: hit.image,
        channel: hit.channel,
        premiered: hit.premiered,
        status: hit.status,
        updated: isWithin(json.updated, 0, Number.MAX_SAFE_INTEGER) ? json.updated : 0,
        imdb: validLabel(externals.imdb),
        thetvdb: isWithin(externals.thetvdb, 1, Number.MAX_SAFE_INTEGER) ? externals.thetvdb : null,
        names: { pt: validName(brazilian?.name) },
        episodes: validEpisodes(episodes),
        fetchedAt: clock().toISOString(),
      }
    },
    updates: async since => {
      const path = since === undefined ? '/updates/shows' : `/updates/shows?since=${since}`
      const { status, json } = await ask(path)
      if (status !== 200 || !isObject(json))
        throw new TvmazeUnavailable(`answered ${status} to ${path} with no updates`, status)
      return new Map(
        Object.entries(json).flatMap(([id, at]) =>
          isShowId(Number(id)) && isWithin(at, 0, Number.MAX_SAFE_INTEGER) ? [[Number(id), at] as const] : [],
        ),
      )
    },
    lookup: async external => {
      const [key, value] = Object.entries(external)[0]!
      const { status, json } = await ask(`/lookup/shows?${key}=${encodeURIComponent(String(value))}`)
      return status === 404 ? null : showHit(json)
    },
  }
}

/** The smaller poster of the same show, for when Telegram finds the large one too large; undefined when it is small already. */
export const smallerPoster = (url: string): string | undefined =>
  url.includes('/original_untouched/') ? url.replace('/original_untouched/', '/medium_portrait/') : undefined

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A summary's words. It is kept with each search, so a very long one is cut. */
const summaryIn = (value: unknown): string | null =>
  typeof value === 'string' ? plain(value.slice(0, 10_000).toWellFormed().replaceAll('\0', '')) || null : null

/** Retry-After is a number of seconds or a date; null for anything else. */
const seconds = (header: string | undefined, now: Date): number | null => {
  if (header === undefined) return null
  const s = /^\d+$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - now.getTime()) / 1000)
  return Number.isNaN(s) ? null : Math.min(Math.max(s, 1), 86_400)
}

const showHit = (json: unknown): ShowHit | null => {
  if (!isObject(json) || !isShowId(json.id)) return null
  const { id } = json
  const image = isObject(json.image) ? json.image : {}
  const channel = isObject(json.network) ? json.network : isObject(json.webChannel) ? json.webChannel : {}
  return {
    id,
    name: validName(json.name) ?? `TVmaze ${id}`,
    url: validLink(json.url) ?? `https://www.tvmaze.com/shows/${id}`,
    image: validLink(image.original) ?? validLink(image.medium),
    channel: validLabel(channel.name),
    premiered: validDate(json.premiered) || null,
    status: validLabel(json.status) ?? 'To Be Determined',
    summary: summaryIn(json.summary),
  }
}

// Without an airtime the airstamp is a placeholder (noon, UTC), and saying it would be making an hour up.
const episode = (json: Json): Json => ({
  ...json,
  airstamp: typeof json.airtime === 'string' && json.airtime.trim() !== '' ? json.airstamp : null,
})

// Asks until a call is granted; the wait is spread a little, so that not everybody asks again in the same instant.
const granted = (budget: Budget, longestWaitMs: number, wait: (ms: number) => Promise<void>) => async () => {
  let left = longestWaitMs
  for (let ms = await budget.take(); ms > 0; ms = await budget.take()) {
    if (ms > left) throw new TvmazeBusy(ms)
    left -= ms
    await wait(ms + Math.round(Math.random() * 100))
  }
}

// No window of ten seconds holds more than `calls` of them. Callers are let through one after another.
const pace = (calls: number, clock: Clock, wait: (ms: number) => Promise<void>) => {
  const started: number[] = []
  let turn = Promise.resolve()
  return () => {
    turn = turn.then(async () => {
      const oldest = started.length < calls ? undefined : started.shift()
      const early = oldest === undefined ? 0 : oldest + 10_000 - clock().getTime()
      if (early > 0) await wait(early)
      started.push(clock().getTime())
    })
    return turn
  }
}

const connectionTo = (baseUrl: string) => {
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

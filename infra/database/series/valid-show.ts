import { cleanLine } from '#database/clean-text.ts'
import { isCalendarDate, isPlausibleInstant, isShowId, isWithin } from '#events/ranges.ts'
import type { Episode, Freshness, Show } from './show.ts'

const longest = { name: 200, label: 60, link: 2048 }
/** More than any series has; with names of full length still far below MongoDB's largest document. */
const mostEpisodes = 20_000
const largestSeason = 9_999
const largestNumber = 99_999

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A web address that Telegram takes for a button or a photo, or null. */
export const validLink = (value: unknown): string | null => {
  const address = cleanLine(value, longest.link)
  return /^https?:\/\//.test(address) && address.length < longest.link && URL.canParse(address) ? address : null
}

/** A name of a show, an episode or a person's alias for one; null where there is none. */
export const validName = (value: unknown): string | null => cleanLine(value, longest.name) || null

/** A short word such as a status or a channel; null where there is none. */
export const validLabel = (value: unknown): string | null => cleanLine(value, longest.label) || null

/** `YYYY-MM-DD` of a day that exists, or ''. */
export const validDate = (value: unknown): string => (typeof value === 'string' && isCalendarDate(value) ? value : '')

/** One form for all instants in the catalogue (UTC, whole seconds), so that comparing them as text compares them as instants; or null. */
export const validInstant = (value: unknown): string | null => {
  const ms = typeof value === 'string' && value.length <= 40 ? Date.parse(value) : Number.NaN
  return isPlausibleInstant(ms) ? new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z') : null
}

/** An episode with everything that no table or calendar takes left out, or null where it has no id. */
export const validEpisode = (value: unknown): Episode | null => {
  if (!isObject(value) || !isShowId(value.id)) return null
  const { id, season, number } = value
  const airstamp = validInstant(value.airstamp)
  return {
    id,
    name: validName(value.name) ?? '',
    season: isWithin(season, 0, largestSeason) ? season : 0,
    number: isWithin(number, 0, largestNumber) ? number : null,
    type: validLabel(value.type) ?? 'regular',
    // An instant always has a date, so that dates can be compared whether or not the hour is known.
    airdate: validDate(value.airdate) || (airstamp?.slice(0, 10) ?? ''),
    airstamp,
  }
}

/** At most as many as a series can have, the newest, each id once; what has no id is left out. */
export const validEpisodes = (values: unknown): Episode[] => {
  if (!Array.isArray(values)) return []
  const episodes = values.slice(-mostEpisodes).flatMap(value => validEpisode(value) ?? [])
  return [...new Map(episodes.map(episode => [episode.id, episode])).values()]
}

/**
 * A document of the catalogue as a Show that every rule can work with. Its `faults` say what was wrong with it; a document without
 * a usable id is null.
 */
export const validShow = (document: unknown): { show: Show | null; faults: string[] } => {
  if (!isObject(document) || !isShowId(document._id)) return { show: null, faults: ['it has no usable id'] }
  const { _id: id, names, missingSince, strikes, gone } = document
  const missing = validInstant(missingSince)
  const show: Show = {
    _id: id,
    name: validName(document.name) ?? `TVmaze ${id}`,
    url: validLink(document.url) ?? `https://www.tvmaze.com/shows/${id}`,
    image: validLink(document.image),
    channel: validLabel(document.channel),
    premiered: validDate(document.premiered) || null,
    status: validLabel(document.status) ?? 'To Be Determined',
    updated: isWithin(document.updated, 0, Number.MAX_SAFE_INTEGER) ? document.updated : 0,
    imdb: validLabel(document.imdb),
    thetvdb: isWithin(document.thetvdb, 1, Number.MAX_SAFE_INTEGER) ? document.thetvdb : null,
    names: { pt: isObject(names) ? validName(names.pt) : null },
    episodes: validEpisodes(document.episodes),
    // Never fetched, as far as anybody can tell: so it is fetched again soon.
    fetchedAt: isInstant(document.fetchedAt) ? (document.fetchedAt as string) : new Date(0).toISOString(),
    ...(missing === null ? {} : { missingSince: missingSince as string }),
    ...(isWithin(strikes, 0, 1_000) ? { strikes } : {}),
    ...(gone === true ? { gone } : {}),
  }
  return { show, faults: faultsOf(document, show) }
}

/** What of a document decides whether its show is fetched again; null where it has no usable id. */
export const validFreshness = (document: unknown): Freshness | null => {
  const whole = isObject(document) ? { ...document, episodes: [] } : document
  const { show } = validShow(whole)
  if (show === null) return null
  const { _id, status, updated, fetchedAt, missingSince, gone } = show
  return {
    _id,
    status,
    updated,
    fetchedAt,
    ...(missingSince === undefined ? {} : { missingSince }),
    ...(gone === undefined ? {} : { gone }),
  }
}

const isInstant = (value: unknown) => typeof value === 'string' && validInstant(value) !== null

const faultsOf = (document: Json, show: Show): string[] => {
  const faults = (Object.keys(show) as (keyof Show)[]).filter(
    key => key !== 'episodes' && key !== '_id' && !same(document[key], show[key]),
  )
  const given = Array.isArray(document.episodes) ? document.episodes : []
  const byId = new Map(show.episodes.map(episode => [episode.id, episode]))
  const episodes = given.flatMap(value => {
    const valid = isObject(value) ? byId.get(value.id as number) : undefined
    if (valid === undefined) return ['an episode without a usable id']
    const wrong = (Object.keys(valid) as (keyof Episode)[]).filter(key => !same((value as Json)[key], valid[key]))
    return wrong.length === 0 ? [] : [`episode ${valid.id}: ${wrong.join(', ')}`]
  })
  return [...faults, ...(Array.isArray(document.episodes) ? [] : ['episodes']), ...episodes]
}

const same = (given: unknown, valid: unknown) =>
  isObject(valid)
    ? isObject(given) && JSON.stringify(given) === JSON.stringify(valid)
    : (given ?? null) === (valid ?? null)

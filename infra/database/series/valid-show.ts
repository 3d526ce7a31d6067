import { cleanLine } from '#database/clean-text.ts'
import { isCalendarDate, isPlausibleInstant, isTvmazeId, isWithin } from '#events/ranges.ts'
import type { Channel, Episode, Freshness, Show } from './show.ts'

const longest = { name: 200, label: 60, link: 2048 }
/**
 * More episodes than any series has. With names of 200 letters of two bytes they still fit into a document of MongoDB.
 */
const mostEpisodes = 20_000
const largestSeason = 9_999
const largestNumber = 99_999
/** Nothing is longer than a day. */
const longestMinutes = 1_440

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A URL that Telegram accepts for a button or a photo, or null. */
export const validLink = (value: unknown): string | null => {
  const address = cleanLine(value, longest.link)
  return /^https?:\/\//.test(address) && address.length < longest.link && URL.canParse(address) ? address : null
}

/** A name of a show or an episode; null if the value has none. */
export const validName = (value: unknown): string | null => cleanLine(value, longest.name) || null

/** A short text such as a status or a channel; null if the value has none. */
export const validLabel = (value: unknown): string | null => cleanLine(value, longest.label) || null

/** A country code such as `BR`, or null. */
export const validCountry = (value: unknown): string | null =>
  typeof value === 'string' && /^[A-Z]{2}$/.test(value) ? value : null

/** More names than any series has in all countries. */
const mostNames = 60

/** The names of a show in other countries. */
export const validNames = (names: unknown): Show['names'] => {
  if (!isObject(names)) return { pt: null }
  const others = Array.isArray(names.others) ? names.others.flatMap(name => validName(name) ?? []) : []
  return {
    pt: validName(names.pt),
    ...(names.others === undefined ? {} : { others: [...new Set(others)].slice(0, mostNames) }),
  }
}

/** `YYYY-MM-DD` of an existing day, or ''. */
export const validDate = (value: unknown): string => (typeof value === 'string' && isCalendarDate(value) ? value : '')

/** An instant in the form of the catalogue (UTC, whole seconds), so that instants can be compared as text; or null. */
export const validInstant = (value: unknown): string | null => {
  const ms = typeof value === 'string' && value.length <= 40 ? Date.parse(value) : Number.NaN
  return isPlausibleInstant(ms) ? new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z') : null
}

/** An episode without the values that a table or a calendar does not accept; null if it has no valid id. */
export const validEpisode = (value: unknown): Episode | null => {
  if (!isObject(value) || !isTvmazeId(value.id)) return null
  const { id, season, number } = value
  const airstamp = validInstant(value.airstamp)
  return {
    id,
    name: validName(value.name) ?? '',
    season: isWithin(season, 0, largestSeason) ? season : 0,
    number: isWithin(number, 0, largestNumber) ? number : null,
    type: validLabel(value.type) ?? 'regular',
    // An episode with an airstamp always has a date, so that all dates can be compared.
    airdate: validDate(value.airdate) || (airstamp?.slice(0, 10) ?? ''),
    airstamp,
    ...validRuntime(value.runtime),
  }
}

/** A length in minutes; nothing if the value has none. */
export const validRuntime = (value: unknown): { runtime?: number } =>
  isWithin(value, 1, longestMinutes) ? { runtime: value } : {}

/** The channels that have an id and a name. */
export const validChannels = (values: unknown): Channel[] => {
  if (!Array.isArray(values)) return []
  return values.slice(0, 2).flatMap((value): Channel[] => {
    if (!isObject(value) || !isTvmazeId(value.id)) return []
    const { id, kind, country } = value
    const name = validLabel(value.name)
    if (name === null || (kind !== 'network' && kind !== 'web')) return []
    return [{ id, kind, name, country: typeof country === 'string' && /^[A-Z]{2}$/.test(country) ? country : null }]
  })
}

/** Of the newest episodes up to the limit, those with a valid id; each id once. */
export const validEpisodes = (values: unknown): Episode[] => {
  if (!Array.isArray(values)) return []
  const episodes = values.slice(-mostEpisodes).flatMap(value => validEpisode(value) ?? [])
  return [...new Map(episodes.map(episode => [episode.id, episode])).values()]
}

/** The seasons whose number of episodes is known; each season once. */
export const validSeasons = (values: unknown): NonNullable<Show['seasons']> => {
  if (!Array.isArray(values)) return []
  const seasons = values.flatMap(value =>
    isObject(value) && isWithin(value.number, 0, largestSeason) && isWithin(value.episodes, 1, largestNumber)
      ? [{ number: value.number, episodes: value.episodes }]
      : [],
  )
  return [...new Map(seasons.map(season => [season.number, season])).values()]
}

/**
 * A document of the catalogue as a valid Show. `faults` lists what was wrong with the document. `show` is null if the
 * document has no valid id.
 */
export const validShow = (document: unknown): { show: Show | null; faults: string[] } => {
  if (!isObject(document) || !isTvmazeId(document._id)) return { show: null, faults: ['it has no valid id'] }
  const { _id: id, names, missingSince, strikes, gone } = document
  const missing = validInstant(missingSince)
  const show: Show = {
    _id: id,
    name: validName(document.name) ?? `TVmaze ${id}`,
    url: validLink(document.url) ?? `https://www.tvmaze.com/shows/${id}`,
    image: validLink(document.image),
    channel: validLabel(document.channel),
    ...(document.country === undefined ? {} : { country: validCountry(document.country) }),
    ...(document.channels === undefined ? {} : { channels: validChannels(document.channels) }),
    premiered: validDate(document.premiered) || null,
    status: validLabel(document.status) ?? 'To Be Determined',
    ...validRuntime(document.runtime),
    updated: isWithin(document.updated, 0, Number.MAX_SAFE_INTEGER) ? document.updated : 0,
    imdb: validLabel(document.imdb),
    thetvdb: isWithin(document.thetvdb, 1, Number.MAX_SAFE_INTEGER) ? document.thetvdb : null,
    names: validNames(names),
    episodes: validEpisodes(document.episodes),
    ...(document.seasons === undefined ? {} : { seasons: validSeasons(document.seasons) }),
    ...(document.airs === undefined ? {} : { airs: validInstants(document.airs) }),
    // An invalid date counts as never fetched, so the show is fetched again soon.
    fetchedAt: isInstant(document.fetchedAt) ? (document.fetchedAt as string) : new Date(0).toISOString(),
    ...(missing === null ? {} : { missingSince: missingSince as string }),
    ...(isWithin(strikes, 0, 1_000) ? { strikes } : {}),
    ...(gone === true ? { gone } : {}),
  }
  return { show, faults: faultsOf(document, show) }
}

/** The freshness of a document; null if it has no valid id. */
export const validFreshness = (document: unknown): Freshness | null => {
  const withoutEpisodes = isObject(document) ? { ...document, episodes: [] } : document
  const { show } = validShow(withoutEpisodes)
  if (show === null) return null
  const { _id, status, updated, airs, fetchedAt, missingSince, gone } = show
  return {
    _id,
    status,
    updated,
    fetchedAt,
    ...(airs === undefined ? {} : { airs }),
    ...(missingSince === undefined ? {} : { missingSince }),
    ...(gone === undefined ? {} : { gone }),
  }
}

const validInstants = (values: unknown): string[] =>
  Array.isArray(values) ? values.flatMap(value => validInstant(value) ?? []) : []

const isInstant = (value: unknown) => typeof value === 'string' && validInstant(value) !== null

const faultsOf = (document: Json, show: Show): string[] => {
  const faults = (Object.keys(show) as (keyof Show)[]).filter(
    key => key !== 'episodes' && key !== '_id' && !same(document[key], show[key]),
  )
  const stored = Array.isArray(document.episodes) ? document.episodes : []
  const byId = new Map(show.episodes.map(episode => [episode.id, episode]))
  const episodes = stored.flatMap(value => {
    const valid = isObject(value) ? byId.get(value.id as number) : undefined
    if (valid === undefined) return ['an episode without a valid id']
    const wrong = (Object.keys(valid) as (keyof Episode)[]).filter(key => !same((value as Json)[key], valid[key]))
    return wrong.length === 0 ? [] : [`episode ${valid.id}: ${wrong.join(', ')}`]
  })
  return [...faults, ...(Array.isArray(document.episodes) ? [] : ['episodes']), ...episodes]
}

const same = (stored: unknown, valid: unknown) =>
  typeof valid === 'object' && valid !== null
    ? JSON.stringify(stored) === JSON.stringify(valid)
    : (stored ?? null) === (valid ?? null)

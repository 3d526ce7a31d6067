import type { Channel, Episode, Show, ShowHit } from '#database/series/show.ts'
import {
  validChannels,
  validCountry,
  validDate,
  validEpisodes,
  validLabel,
  validLink,
  validName,
  validNames,
  validRuntime,
  validSeasons,
} from '#database/series/valid-show.ts'
import { isTvmazeId, isWithin } from '#events/ranges.ts'
import { plain } from '#functions/telegram/html.ts'

export type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A show in TVmaze's JSON; null if it has no id. Every other field may be absent. */
export const parseShowHit = (json: unknown): ShowHit | null => {
  if (!isObject(json) || !isTvmazeId(json.id)) return null
  const { id } = json
  const image = isObject(json.image) ? json.image : {}
  const channel = isObject(json.network) ? json.network : isObject(json.webChannel) ? json.webChannel : {}
  return {
    id,
    name: validName(json.name) ?? `TVmaze ${id}`,
    url: validLink(json.url) ?? `https://www.tvmaze.com/shows/${id}`,
    image: validLink(image.original) ?? validLink(image.medium),
    channel: validLabel(channel.name),
    country: isObject(channel.country) ? validCountry(channel.country.code) : null,
    premiered: validDate(json.premiered) || null,
    status: validLabel(json.status) ?? 'To Be Determined',
    summary: summaryIn(json.summary),
  }
}

/** A list that a request for a show asked TVmaze to embed; null if the response has no such list. */
export const embeddedList = (json: Json, name: string): Json[] | null => {
  const list = isObject(json._embedded) ? json._embedded[name] : undefined
  return Array.isArray(list) ? list.filter(isObject) : null
}

/** The whole show from TVmaze's three lists: the show, its episodes, its names in other countries. */
export const parseShow = (
  hit: ShowHit,
  { json, episodes, akas, fetchedAt }: { json: Json; episodes: Json[]; akas: Json[]; fetchedAt: Date },
): Show => {
  const brazilian = akas.find(aka => isObject(aka.country) && aka.country.code === 'BR')
  const seasons = embeddedList(json, 'seasons') ?? []
  const externals = isObject(json.externals) ? json.externals : {}
  const validated = validEpisodes(episodes.map(withoutPlaceholder))
  return {
    _id: hit.id,
    name: hit.name,
    url: hit.url,
    image: hit.image,
    channel: hit.channel,
    country: hit.country ?? null,
    channels: validChannels([channelIn('network', json.network), channelIn('web', json.webChannel)]),
    premiered: hit.premiered,
    status: hit.status,
    ...validRuntime(isWithin(json.averageRuntime, 1, Infinity) ? json.averageRuntime : json.runtime),
    updated: isWithin(json.updated, 0, Number.MAX_SAFE_INTEGER) ? json.updated : 0,
    imdb: validLabel(externals.imdb),
    thetvdb: isWithin(externals.thetvdb, 1, Number.MAX_SAFE_INTEGER) ? externals.thetvdb : null,
    names: validNames({ pt: brazilian?.name, others: akas.map(({ name }) => name) }),
    episodes: validated,
    airs: airsAfter(fetchedAt.toISOString(), validated),
    seasons: validSeasons(seasons.map(({ number, episodeOrder }) => ({ number, episodes: episodeOrder }))),
    fetchedAt: fetchedAt.toISOString(),
  }
}

/** More episodes than this rarely come out before the show is fetched again. */
const mostAirs = 40

/** The next times at which episodes come out. A date without an hour counts as its beginning in UTC. */
const airsAfter = (from: string, episodes: Episode[]): string[] => {
  const airs = episodes.flatMap(({ airstamp, airdate }) => airstamp ?? (airdate === '' ? [] : `${airdate}T00:00:00Z`))
  return [...new Set(airs)]
    .filter(at => at > from)
    .sort()
    .slice(0, mostAirs)
}

const channelIn = (kind: Channel['kind'], json: unknown) =>
  isObject(json) ? { ...json, kind, country: isObject(json.country) ? json.country.code : null } : null

/**
 * The summary as plain text. A very long summary is cut, because each search is stored with the summaries of its hits.
 */
const summaryIn = (value: unknown): string | null =>
  typeof value === 'string' ? plain(value.slice(0, 10_000).toWellFormed().replaceAll('\0', '')) || null : null

/**
 * Removes the airstamp of an episode without an airtime, because that airstamp is a placeholder (noon, UTC) and not the
 * real hour.
 */
const withoutPlaceholder = (episode: Json): Json => ({
  ...episode,
  airstamp: typeof episode.airtime === 'string' && episode.airtime.trim() !== '' ? episode.airstamp : null,
})

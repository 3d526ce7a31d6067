import { isWithin } from '#events/ranges.ts'

/** A whole number of a cell or of JSON in the range; null for everything else. */
export const wholeNumber = (value: unknown, min: number, max: number): number | null => {
  const isText = typeof value === 'string' && /^\d{1,10}$/.test(value.trim())
  const number = isText ? Number(value) : value
  return Number.isInteger(number) && isWithin(number, min, max) ? (number as number) : null
}

export const theTvdbId = (value: unknown) => wholeNumber(value, 1, 2 ** 31 - 1)
export const imdbId = (value: unknown) =>
  typeof value === 'string' && /^tt\d{5,10}$/.test(value.trim()) ? value.trim() : null
export const yearOf = (value: unknown) => wholeNumber(value, 1900, 2100)

/** True or false of a cell or of JSON; undefined for everything else. */
export const flag = (value: unknown): boolean | undefined => {
  if (typeof value === 'boolean') return value
  const text = String(value ?? '').toLowerCase()
  if (['1', 'true'].includes(text)) return true
  return ['0', 'false'].includes(text) ? false : undefined
}

const earliestS = Date.UTC(2000, 0, 1) / 1000
const latestS = Date.UTC(2100, 0, 1) / 1000

/** An instant in Unix seconds, from `2019-09-08 17:24:29` (UTC), ISO 8601 or Unix seconds; null for everything else. */
export const unixSeconds = (value: unknown): number | null => {
  const text = String(value ?? '').trim()
  const isPlain = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)
  const seconds = /^\d{9,10}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d-\d\d/.test(text)
      ? Math.floor(Date.parse(isPlain ? `${text.replace(' ', 'T')}Z` : text) / 1000)
      : Number.NaN
  return isWithin(seconds, earliestS, latestS) ? seconds : null
}

/** A watched episode; undefined if the numbers cannot be right. Season 0 has the specials. */
export const watchedEpisode = (season: unknown, number: unknown, at: unknown) => {
  const seasonNumber = wholeNumber(season, 0, 9_999)
  const episodeNumber = wholeNumber(number, 1, 32_000)
  return seasonNumber === null || episodeNumber === null
    ? undefined
    : { season: seasonNumber, number: episodeNumber, at: unixSeconds(at) }
}

import type { Language } from '#database/chats/language.ts'
import { folded } from './fold.ts'

/** The fields of a show that can distinguish it from others with the same name. */
interface Namesake {
  id: number
  name: string
  /** `YYYY-MM-DD`, or null. */
  premiered: string | null
  channel: string | null
  /** Such as `US`; absent or null if it is not known. */
  country?: string | null | undefined
}

/**
 * Two names count as the same if this many of their first letters are the same, because a button shows no more letters.
 */
const comparedLetters = 24

/** A key that is equal for names that look the same on a button. */
export const nameKey = (name: string): string => [...folded(name).trim()].slice(0, comparedLetters).join('')

const yearOf = ({ premiered }: Namesake) => premiered?.slice(0, 4) ?? null

const distinctionKinds: ((show: Namesake) => string | null)[] = [
  yearOf,
  ({ country }) => country ?? null,
  ({ channel }) => channel,
  show => [yearOf(show), show.channel].filter(Boolean).join(' · ') || null,
]

/**
 * A distinction for each show that has the same name as another show. It is the year if no two shows with the name have
 * the same year; otherwise the country, then the channel, on the same condition; otherwise the year and the channel
 * together. If these do not distinguish all shows with the name, it is the year, and the id at TVmaze is added if the
 * year is unknown or the same for several shows. The keys of the map are the ids of the shows.
 */
export const distinctionsBetween = (shows: readonly Namesake[]): Map<number, string> => {
  const unique = [...new Map(shows.map(show => [show.id, show])).values()]
  const found = new Map<number, string>()
  for (const alike of Map.groupBy(unique, ({ name }) => nameKey(name)).values()) {
    if (alike.length === 1) continue
    const distinctionOf = distinctionKinds.find(kind => new Set(alike.map(kind)).size === alike.length) ?? (() => null)
    for (const show of alike) found.set(show.id, distinctionOf(show) ?? yearOf(show) ?? `TVmaze ${show.id}`)
    const repeated = alike.filter(({ id }) =>
      alike.some(other => other.id !== id && found.get(other.id) === found.get(id)),
    )
    for (const { id } of repeated) found.set(id, `${found.get(id)} · TVmaze ${id}`)
  }
  return found
}

/** The name with its distinction: `Fantasma (1998)`. Without a distinction only the name. */
export const withDistinction = (name: string, distinction: string | undefined): string =>
  distinction === undefined ? name : `${name} (${distinction})`

/** The name of a country in a language: `Estados Unidos`; the code if it has no name, null if no country is known. */
export const sayCountry = (code: string | null, language: Language): string | null =>
  code === null ? null : (new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code)

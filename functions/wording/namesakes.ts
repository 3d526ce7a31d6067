import { folded } from './fold.ts'

/** The fields of a show that can distinguish it from others with the same name. */
interface Namesake {
  id: number
  name: string
  /** `YYYY-MM-DD`, or null. */
  premiered: string | null
  channel: string | null
}

/**
 * Two names count as the same if this many of their first letters are the same, because a button shows no more letters.
 */
const comparedLetters = 24

/** A key that is equal for names that look the same on a button. */
export const nameKey = (name: string): string => [...folded(name).trim()].slice(0, comparedLetters).join('')

const yearOf = ({ premiered }: Namesake) => premiered?.slice(0, 4) ?? null

const noteKinds: ((show: Namesake) => string | null)[] = [
  yearOf,
  ({ channel }) => channel,
  show => [yearOf(show), show.channel].filter(Boolean).join(' · ') || null,
]

/**
 * A note for each show that has the same name as another show. The note is the first of these that is different for all
 * shows with the name: the year, the channel, or both. If none of them is, the note is the year, and the id at TVmaze
 * is added if the year is unknown or the same for several shows. The keys of the map are the ids of the shows.
 */
export const distinctions = (shows: readonly Namesake[]): Map<number, string> => {
  const unique = [...new Map(shows.map(show => [show.id, show])).values()]
  const notes = new Map<number, string>()
  for (const alike of Map.groupBy(unique, ({ name }) => nameKey(name)).values()) {
    if (alike.length === 1) continue
    const noteOf = noteKinds.find(noteKind => new Set(alike.map(noteKind)).size === alike.length) ?? (() => null)
    for (const show of alike) notes.set(show.id, noteOf(show) ?? yearOf(show) ?? `TVmaze ${show.id}`)
    const repeated = alike.filter(({ id }) =>
      alike.some(other => other.id !== id && notes.get(other.id) === notes.get(id)),
    )
    for (const { id } of repeated) notes.set(id, `${notes.get(id)} · TVmaze ${id}`)
  }
  return notes
}

/** The name with its note: `Fantasma (1998)`. Without a note only the name. */
export const withNote = (name: string, note: string | undefined): string =>
  note === undefined ? name : `${name} (${note})`

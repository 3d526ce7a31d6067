import { folded } from './fold.ts'

/** A show as far as it takes to tell it from others of its name. */
export interface Namesake {
  id: number
  name: string
  /** `YYYY-MM-DD`, or null. */
  premiered: string | null
  channel: string | null
}

/** Names are alike when a button, which shows this many letters of them, would look the same. */
const comparedLetters = 24

/** Equal for names that look alike on a button. */
export const nameKey = (name: string): string => [...folded(name).trim()].slice(0, comparedLetters).join('')

const yearOf = ({ premiered }: Namesake) => premiered?.slice(0, 4) ?? null

const tells: ((show: Namesake) => string | null)[] = [
  yearOf,
  ({ channel }) => channel,
  show => [yearOf(show), show.channel].filter(Boolean).join(' · ') || null,
]

/** By id, what tells a show from the others of its name: year, else channel, else both, at last its number at TVmaze. */
export const distinctions = (shows: readonly Namesake[]): Map<number, string> => {
  const unique = [...new Map(shows.map(show => [show.id, show])).values()]
  const notes = new Map<number, string>()
  for (const alike of Map.groupBy(unique, ({ name }) => nameKey(name)).values()) {
    if (alike.length === 1) continue
    const tell = tells.find(one => new Set(alike.map(one)).size === alike.length) ?? (() => null)
    for (const show of alike) notes.set(show.id, tell(show) ?? yearOf(show) ?? `TVmaze ${show.id}`)
    const repeated = alike.filter(({ id }) =>
      alike.some(other => other.id !== id && notes.get(other.id) === notes.get(id)),
    )
    for (const { id } of repeated) notes.set(id, `${notes.get(id)} · TVmaze ${id}`)
  }
  return notes
}

/** `Fantasma (1998)`, or the name alone where no other show has it. */
export const withNote = (name: string, note: string | undefined): string =>
  note === undefined ? name : `${name} (${note})`

import type { Language } from '#database/chats/language.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { dayOf } from '#functions/wording/dates.ts'

/** The episodes of one show at one time. They are one line of the list, even if a whole season comes out at once. */
export interface Slot {
  show: Show
  episodes: Episode[]
  /** `YYYY-MM-DD` in the chat's zone. */
  day: string
  /** null if only the date is known. */
  airstamp: string | null
}

/** Whether the episode airs in [from, to). An episode without an hour belongs to its date in `zone`. */
export const airsIn = (from: Date, to: Date, zone: string) => {
  const firstDay = dayOf(from, zone)
  const lastDay = dayOf(new Date(to.getTime() - 1), zone)
  return ({ airstamp, airdate }: Episode): boolean =>
    airstamp === null
      ? airdate >= firstDay && airdate <= lastDay
      : Date.parse(airstamp) >= from.getTime() && Date.parse(airstamp) < to.getTime()
}

const byNumber = (one: Episode, other: Episode) =>
  one.season - other.season || (one.number ?? Infinity) - (other.number ?? Infinity)

/**
 * The slots of the episodes that `airs` accepts, by day, then by hour (without an hour first), then by name and number.
 */
export const slotsOf = (shows: readonly Show[], airs: (episode: Episode) => boolean, zone: string): Slot[] => {
  const slots = shows.flatMap(show => {
    const airing = show.episodes.filter(airs).sort(byNumber)
    return [...Map.groupBy(airing, ({ airstamp, airdate }) => airstamp ?? airdate).values()].map((episodes): Slot => {
      const { airstamp, airdate } = episodes[0]!
      return { show, episodes, day: airstamp === null ? airdate : dayOf(airstamp, zone), airstamp }
    })
  })
  return slots.sort(
    (one, other) =>
      one.day.localeCompare(other.day) ||
      (one.airstamp ?? '').localeCompare(other.airstamp ?? '') ||
      one.show.name.localeCompare(other.show.name) ||
      byNumber(one.episodes[0]!, other.episodes[0]!),
  )
}

/** The show's name in the chat's language: many shows have another name in Brazil. */
export const titleOf = (show: Show, { language }: { language: Language }): string =>
  (language === 'pt-BR' && show.names.pt) || show.name

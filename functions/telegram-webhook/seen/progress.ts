import type { EpisodeNumber } from '#database/series/seen.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { dueAt } from '#functions/series/episode-identity.ts'

/** How far a chat has seen a series. Specials without numbers do not count. */
export interface Progress {
  seen: number
  /** The episodes that are out. */
  aired: number
  /** The first episode that is out and not seen; null if there is none. */
  next: Episode | null
}

const byNumber = (one: Episode, other: Episode) => one.season - other.season || one.number! - other.number!

/** The numbered episodes of a show, in order. */
export const numbered = (show: Show): Episode[] => show.episodes.filter(({ number }) => number).toSorted(byNumber)

export const isSeen = (seen: readonly EpisodeNumber[], { season, number }: Episode): boolean =>
  seen.some(each => each.season === season && each.number === number)

/** How far the chat has seen the show at `now`, in the zone of the chat. */
export const progressOf = (show: Show, seen: readonly EpisodeNumber[], now: Date, zone: string): Progress => {
  const aired = numbered(show).filter(episode => (dueAt(episode, zone) ?? Infinity) <= now)
  const unseen = aired.filter(episode => !isSeen(seen, episode))
  return { seen: aired.length - unseen.length, aired: aired.length, next: unseen[0] ?? null }
}

/** The first episode after those that were just seen and that is not seen, out or not; null if there is none. */
export const nextAfter = (show: Show, seen: readonly EpisodeNumber[], last: EpisodeNumber): Episode | null =>
  numbered(show)
    .filter(({ season, number }) => season > last.season || (season === last.season && number! > last.number))
    .find(episode => !isSeen(seen, episode)) ?? null

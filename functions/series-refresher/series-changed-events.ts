import type { Show } from '#database/series/show.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import type { EventShow } from '#events/show.ts'
import { toEventEpisode, toEventShow } from '#functions/series/event-show.ts'
import type { ShowChange } from './show-changes.ts'

/** The highest number of chats in one event, so that the broker accepts the size of the event. */
const maxChatsPerEvent = 500

/** The event for a change that TVmaze made to a show. */
export const changedEvent = (cause: Cause, show: Show, found: ShowChange): VigiaEvent =>
  SeriesChanged.from(cause, {
    // The time of TVmaze's edit is in the id: an edit that is found twice makes one event, and a date that moves back
    // and forth makes two.
    id: `show/${show._id}@${show.updated}/${found.change}`,
    subject: `show/${show._id}`,
    data: {
      change: found.change,
      show: toEventShow(show),
      ...(found.change === 'moved'
        ? {
            episode: toEventEpisode(found.episode),
            before: { airdate: found.before.airdate, airstamp: found.before.airstamp },
          }
        : {}),
      ...(found.change === 'ended' && found.last !== null ? { episode: toEventEpisode(found.last) } : {}),
    },
  })

/** The event for a show that TVmaze removed. It is for all followers, or only for `chats`. */
export const goneEvent = (cause: Cause, show: EventShow, since: string, chats?: number[]): VigiaEvent =>
  SeriesChanged.from(cause, {
    id: `show/${show.id}@${since}/gone`,
    subject: `show/${show.id}`,
    data: { change: 'gone', show, ...(chats === undefined ? {} : { chats }) },
  })

/** The event for the show `id`, which TVmaze merged into a show with another name. */
export const mergedEvent = (
  cause: Cause,
  id: number,
  formerName: string,
  mergedInto: Show,
  chats: number[],
): VigiaEvent =>
  SeriesChanged.from(cause, {
    id: `show/${id}/merged/${mergedInto._id}/${chats[0]}`,
    subject: `show/${mergedInto._id}`,
    data: { change: 'merged', show: toEventShow(mergedInto), formerName, chats },
  })

/** Splits the chats into parts. Each part fits into one event. */
export const inParts = (chats: readonly number[]): number[][] =>
  Array.from({ length: Math.ceil(chats.length / maxChatsPerEvent) }, (_, at) =>
    chats.slice(at * maxChatsPerEvent, (at + 1) * maxChatsPerEvent),
  )

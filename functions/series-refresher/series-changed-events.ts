import type { Show } from '#database/series/show.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import type { EventShow } from '#events/show.ts'
import { toEventEpisode, toEventShow } from '#functions/series/event-show.ts'
import type { ShowChange } from './show-changes.ts'

/** The number of chats in one event, so that the broker accepts the size of the event. */
const maxChatsPerEvent = 500

/** A change that TVMaze made to a show. */
export const changedEvent = (cause: Cause, show: Show, found: ShowChange): VigiaEvent =>
  SeriesChanged.from(cause, {
    // The time of TVMaze's edit is in the id: one edit found twice is one event, a move back and forth is two events.
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

/** TVMaze removed a show. For all followers, or only for `chats`. */
export const goneEvent = (cause: Cause, show: EventShow, since: string, chats?: number[]): VigiaEvent =>
  SeriesChanged.from(cause, {
    id: `show/${show.id}@${since}/gone`,
    subject: `show/${show.id}`,
    data: { change: 'gone', show, ...(chats === undefined ? {} : { chats }) },
  })

/** TVMaze merged the show `id` into another one, which has another name. */
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

/** The chats in parts that fit into one event each. */
export const inParts = (chats: readonly number[]): number[][] =>
  Array.from({ length: Math.ceil(chats.length / maxChatsPerEvent) }, (_, at) =>
    chats.slice(at * maxChatsPerEvent, (at + 1) * maxChatsPerEvent),
  )

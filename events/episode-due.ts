import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { EventEpisode, EventShow } from './show.ts'

/**
 * Episodes of one show at one instant (or on one date, if the hour is not known) are due for an announcement. Subject
 * `show/82`.
 */
export const EpisodeDue = defineEvent(
  'episode.due',
  1,
  Type.Object({
    show: EventShow,
    /** All episodes at the same instant or date, in order. A whole season on one date is still one message. */
    episodes: Type.Array(EventEpisode, { minItems: 1, maxItems: 500 }),
    /**
     * Only chats in this IANA time zone are notified. Set if the hour is not known, because then the chats of each zone
     * are notified at their own 09:00, or if chats in some other zones have the announcement already.
     */
    zone: Type.Optional(Type.String()),
    /** The airstamp, or 09:00 in the time zone. Only chats that followed the show before this instant are notified. */
    followedBefore: Instant,
  }),
)

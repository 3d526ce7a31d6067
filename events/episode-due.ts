import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { EventEpisode, EventShow } from './show.ts'

/** Episodes of one show at one instant (or on one date, where the hour is not known) should be announced now. Subject `show/82`. */
export const EpisodeDue = defineEvent(
  'episode.due',
  1,
  Type.Object({
    show: EventShow,
    /** All at the same instant or date, in order. Eight of them are a drop, and still one message. */
    episodes: Type.Array(EventEpisode, { minItems: 1, maxItems: 500 }),
    /** Where the hour is not known: only chats in this IANA zone are meant, for it is 09:00 there now. */
    zone: Type.Optional(Type.String()),
    /** Only chats that followed the show before this instant are meant (the airstamp, or 09:00 in the zone). */
    followedBefore: Instant,
  }),
)

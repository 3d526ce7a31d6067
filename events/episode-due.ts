import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId, Instant } from './fields.ts'
import { EventEpisode, EventShow } from './show.ts'

/**
 * Episodes of one show at one instant (or on one date, if the hour is not known) are to be announced to some chats,
 * each at the time that it has chosen. Subject `show/82`.
 */
export const EpisodeDue = defineEvent(
  'episode.due',
  1,
  Type.Object({
    show: EventShow,
    /** All episodes at the same instant or date, in order. A whole season on one date is still one message. */
    episodes: Type.Array(EventEpisode, { minItems: 1, maxItems: 500 }),
    /** The season that ends with these episodes, and how many episodes it has. */
    finale: Type.Optional(Type.Object({ season: Type.Integer(), episodes: Type.Integer({ minimum: 1 }) })),
    /** The chats were told before and asked to be reminded. */
    isReminder: Type.Optional(Type.Boolean()),
    /** The chats to notify. */
    chats: Type.Optional(Type.Array(ChatId, { minItems: 1, maxItems: 500 })),
    /**
     * Earlier releases set these fields instead of `chats`: only chats in this IANA time zone that followed the show
     * before this instant are notified.
     */
    zone: Type.Optional(Type.String()),
    followedBefore: Type.Optional(Instant),
  }),
)

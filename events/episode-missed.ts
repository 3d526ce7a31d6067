import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId, Instant } from './fields.ts'
import { EventEpisode, EventShow } from './show.ts'

/**
 * Episodes that aired too long ago to be announced one by one; a chat gets one message about all of them. The subject
 * is `episodes` if Vigia did not run when they aired, and `show/82` if TVmaze published the episodes of a show too
 * late.
 */
export const EpisodeMissed = defineEvent(
  'episode.missed',
  1,
  Type.Object({
    /** late: TVmaze published the episodes late. Absent: Vigia did not run. */
    why: Type.Optional(Type.Literal('late')),
    /** The chats to notify; absent for all chats that follow one of the shows. */
    chats: Type.Optional(Type.Array(ChatId, { minItems: 1, maxItems: 500 })),
    from: Instant,
    to: Instant,
    shows: Type.Array(Type.Object({ show: EventShow, episodes: Type.Array(EventEpisode, { minItems: 1 }) }), {
      minItems: 1,
    }),
  }),
)

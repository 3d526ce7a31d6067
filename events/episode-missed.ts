import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { EventEpisode, EventShow } from './show.ts'

/**
 * Episodes that aired too long ago for announcements of their own; a chat gets one message about all of them. Subject
 * `episodes` after a time in which Vigia did not run; subject `show/82` if TVMaze published the episodes of a show too
 * late.
 */
export const EpisodeMissed = defineEvent(
  'episode.missed',
  1,
  Type.Object({
    /** late: TVMaze published the episodes late. Absent: Vigia did not run. */
    why: Type.Optional(Type.Literal('late')),
    from: Instant,
    to: Instant,
    shows: Type.Array(Type.Object({ show: EventShow, episodes: Type.Array(EventEpisode, { minItems: 1 }) }), {
      minItems: 1,
    }),
  }),
)

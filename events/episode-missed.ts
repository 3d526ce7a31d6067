import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { EventEpisode, EventShow } from './show.ts'

/**
 * What aired too long ago for an announcement of its own; one message per chat tells all of it. After a gap of ours, subject `episodes`;
 * or of one series of which TVMaze said too late that it came out, subject `show/82`.
 */
export const EpisodeMissed = defineEvent(
  'episode.missed',
  1,
  Type.Object({
    /** late: TVMaze told it late; else Vigia did not run. */
    why: Type.Optional(Type.Literal('late')),
    from: Instant,
    to: Instant,
    shows: Type.Array(Type.Object({ show: EventShow, episodes: Type.Array(EventEpisode, { minItems: 1 }) }), {
      minItems: 1,
    }),
  }),
)

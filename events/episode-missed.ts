import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { EpisodeBrief, ShowBrief } from './show.ts'

/** After a gap of ours: what aired too long ago for an announcement of its own; one message per chat tells all of it. Subject `episodes`. */
export const EpisodeMissed = defineEvent(
  'episode.missed',
  1,
  Type.Object({
    from: Instant,
    to: Instant,
    shows: Type.Array(Type.Object({ show: ShowBrief, episodes: Type.Array(EpisodeBrief, { minItems: 1 }) }), {
      minItems: 1,
    }),
  }),
)

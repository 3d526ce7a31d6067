import Type from 'typebox'
import { defineEvent } from './event.ts'
import { DateOrNone, Instant } from './fields.ts'
import { EpisodeBrief, ShowBrief } from './show.ts'

/** TVMaze says something new of a followed series. Subject `show/82`. */
export const SeriesChanged = defineEvent(
  'series.changed',
  1,
  Type.Object({
    /** moved: the next episode has another date; ended: no more to come; returned: runs again; gone: TVMaze lost it for good. */
    change: Type.Union([Type.Literal('moved'), Type.Literal('ended'), Type.Literal('returned'), Type.Literal('gone')]),
    show: ShowBrief,
    /** For `moved`: the episode as it is now, and what was said before. */
    episode: Type.Optional(EpisodeBrief),
    before: Type.Optional(Type.Object({ airdate: DateOrNone, airstamp: Type.Union([Instant, Type.Null()]) })),
  }),
)

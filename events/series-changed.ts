import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId, DateOrNone, Instant } from './fields.ts'
import { EventEpisode, EventShow } from './show.ts'

/** TVMaze says something new of a followed series. Subject `show/82`. */
export const SeriesChanged = defineEvent(
  'series.changed',
  1,
  Type.Object({
    /**
     * moved: an episode that was next, or was announced as out, has another date; ended: no more to come, but for `episode`; returned:
     * runs again; gone: TVMaze lost it for good; merged: TVMaze lists it as another, with another name.
     */
    change: Type.Union([
      Type.Literal('moved'),
      Type.Literal('ended'),
      Type.Literal('returned'),
      Type.Literal('gone'),
      Type.Literal('merged'),
    ]),
    show: EventShow,
    /** For `moved`: the episode as it is now, and what was said before. For `ended`: the last one, where it is still to come. */
    episode: Type.Optional(EventEpisode),
    before: Type.Optional(Type.Object({ airdate: DateOrNone, airstamp: Type.Union([Instant, Type.Null()]) })),
    /** For `merged`: what it was called. */
    formerName: Type.Optional(Type.String()),
    /** The chats that are told, where they are not all of its followers. */
    chats: Type.Optional(Type.Array(ChatId, { maxItems: 500 })),
  }),
)

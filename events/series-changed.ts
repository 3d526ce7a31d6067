import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId, DateOrNone, Instant } from './fields.ts'
import { EventEpisode, EventShow } from './show.ts'

/** TVmaze changed the data of a followed series. Subject `show/82`. */
export const SeriesChanged = defineEvent(
  'series.changed',
  1,
  Type.Object({
    /**
     * moved: the next episode, or an announced episode, has another date; ended: there are no more episodes after
     * `episode`; cancelled: a series of which nobody knew whether it goes on has ended; returned: an ended series
     * continues; renewed: a series of which nobody knew whether it goes on continues; gone: TVmaze removed the series
     * for good; merged: TVmaze merged the series into another series with another name.
     */
    change: Type.Union([
      Type.Literal('moved'),
      Type.Literal('ended'),
      Type.Literal('cancelled'),
      Type.Literal('returned'),
      Type.Literal('renewed'),
      Type.Literal('gone'),
      Type.Literal('merged'),
    ]),
    show: EventShow,
    /**
     * For `moved`: the episode with its new date; `before` has the earlier date. For `ended`: the last episode, if that
     * episode has not aired yet.
     */
    episode: Type.Optional(EventEpisode),
    before: Type.Optional(Type.Object({ airdate: DateOrNone, airstamp: Type.Union([Instant, Type.Null()]) })),
    /** For `merged`: the earlier name. */
    formerName: Type.Optional(Type.String()),
    /** The chats to notify, if not all followers. */
    chats: Type.Optional(Type.Array(ChatId, { maxItems: 500 })),
  }),
)

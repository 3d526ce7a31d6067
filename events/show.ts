import Type, { type Static } from 'typebox'
import { DateOrNone, Instant, IntegerId } from './fields.ts'

/** What an event or a message tells of a show. Names, URLs and images are TVMaze's (CC BY-SA: the URL travels along). */
export const EventShow = Type.Object({
  id: IntegerId,
  name: Type.String(),
  /** What it is called in Brazil, where that is known. */
  namePt: Type.Optional(Type.String()),
  url: Type.String(),
  /** Poster, or null where TVMaze has none. */
  image: Type.Union([Type.String(), Type.Null()]),
  /** Network or streaming service, or null. */
  channel: Type.Union([Type.String(), Type.Null()]),
})
export type EventShow = Static<typeof EventShow>

/** One episode as announced. `airstamp` is null where the hour is not known: then only `airdate` may be said. */
export const EventEpisode = Type.Object({
  id: IntegerId,
  name: Type.String(),
  season: Type.Integer(),
  /** null for specials, which TVMaze leaves unnumbered. */
  number: Type.Union([Type.Integer(), Type.Null()]),
  /** `YYYY-MM-DD`, the broadcaster's date; '' where it is not known. */
  airdate: DateOrNone,
  /** The instant, UTC; null when only the date is known. */
  airstamp: Type.Union([Instant, Type.Null()]),
})
export type EventEpisode = Static<typeof EventEpisode>

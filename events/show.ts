import Type, { type Static } from 'typebox'
import { DateOrNone, Instant, IntegerId } from './fields.ts'

/** A show in an event. The data comes from TVmaze, whose licence (CC BY-SA) requires the URL in every message. */
export const EventShow = Type.Object({
  id: IntegerId,
  name: Type.String(),
  /** The name in Brazil, if it is known. */
  namePt: Type.Optional(Type.String()),
  url: Type.String(),
  /** URL of the poster; null if TVmaze has none. */
  image: Type.Union([Type.String(), Type.Null()]),
  /** Network or streaming service, or null. */
  channel: Type.Union([Type.String(), Type.Null()]),
  /** The countries, the network and the streaming service: `BR`, `global`, `n12`, `w1`; absent if not known. */
  schedules: Type.Optional(Type.Array(Type.String())),
  /** The country of the channel, such as `US`, if it is known. */
  country: Type.Optional(Type.String()),
  /** The date of the first episode, if it is known. It distinguishes shows with the same name. */
  premiered: Type.Optional(Type.String()),
})
export type EventShow = Static<typeof EventShow>

/** An episode in an event. `airstamp` is null if the hour is not known; messages then show only `airdate`. */
export const EventEpisode = Type.Object({
  id: IntegerId,
  name: Type.String(),
  season: Type.Integer(),
  /** null for specials, which have no number at TVmaze. */
  number: Type.Union([Type.Integer(), Type.Null()]),
  /** `YYYY-MM-DD` in the broadcaster's calendar; '' if it is not known. */
  airdate: DateOrNone,
  /** The instant, UTC; null if only the date is known. */
  airstamp: Type.Union([Instant, Type.Null()]),
})
export type EventEpisode = Static<typeof EventEpisode>

import type { Episode, Show } from '#database/series/show.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import { schedulesOf } from './schedules.ts'

/** The fields of a show that an event contains. */
export const toEventShow = ({
  _id,
  name,
  names,
  url,
  image,
  channel,
  channels,
  country,
  premiered,
}: Show): EventShow => ({
  id: _id,
  name,
  ...(names.pt === null ? {} : { namePt: names.pt }),
  url,
  image,
  channel,
  ...(channels === undefined ? {} : { schedules: schedulesOf({ channels }) }),
  ...(country ? { country } : {}),
  ...(premiered === null ? {} : { premiered }),
})

/** The fields of an episode that an event contains. */
export const toEventEpisode = ({ id, name, season, number, airdate, airstamp }: Episode): EventEpisode => ({
  id,
  name,
  season,
  number,
  airdate,
  airstamp,
})

import type { Episode, Show } from '#database/series/show.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'

/** What an event tells of a show. */
export const showBrief = ({ _id, name, names, url, image, channel }: Show): EventShow => ({
  id: _id,
  name,
  ...(names.pt === null ? {} : { namePt: names.pt }),
  url,
  image,
  channel,
})

/** What an event tells of an episode. */
export const episodeBrief = ({ id, name, season, number, airdate, airstamp }: Episode): EventEpisode => ({
  id,
  name,
  season,
  number,
  airdate,
  airstamp,
})

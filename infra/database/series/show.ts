/** One series of the catalogue: a copy of TVmaze's data. If the copy is lost, one refresh restores it. */
export interface Show {
  /** TVmaze's id. */
  _id: number
  name: string
  /**
   * The show's page at TVmaze. The licence of the data (CC BY-SA) requires a link to it wherever the show is mentioned.
   */
  url: string
  image: string | null
  channel: string | null
  /** The country of the channel, such as `US`; null for a global streaming service. */
  country?: string | null
  /** The network and the streaming service of the show; absent in documents of earlier releases. */
  channels?: Channel[]
  premiered: string | null
  /** Running, Ended, To Be Determined, In Development. */
  status: string
  /** The usual length of an episode in minutes; absent if TVmaze does not say it. */
  runtime?: number
  /** When TVmaze last edited the show, in Unix seconds. */
  updated: number
  imdb: string | null
  thetvdb: number | null
  /** `pt`: the name in Brazil. `others`: the names in other countries; absent in documents of earlier versions. */
  names: { pt: string | null; others?: string[] }
  episodes: Episode[]
  /** How many episodes each season has when it is complete; absent if TVmaze does not say it. */
  seasons?: { number: number; episodes: number }[]
  /** The next times at which episodes come out after `fetchedAt`, RFC 3339, so that the show is fetched before. */
  airs?: string[]
  /** When TVmaze last answered a request for this show, RFC 3339. */
  fetchedAt: string
  /** Since when TVmaze answers 404, and how many times it did; both are absent while TVmaze has the show. */
  missingSince?: string
  strikes?: number
  /** TVmaze removed the show for good, and its followers were notified. */
  gone?: true
}

/** The fields that decide whether a show is fetched again. */
export type Freshness = Pick<Show, '_id' | 'status' | 'updated' | 'airs' | 'fetchedAt' | 'missingSince' | 'gone'>

export interface Episode {
  id: number
  name: string
  season: number
  /** null for specials, which have no number at TVmaze. */
  number: number | null
  /** regular, significant_special, insignificant_special */
  type: string
  /** `YYYY-MM-DD` in the broadcaster's calendar; '' while no date is announced. */
  airdate: string
  /** The instant of the broadcast, such as `2026-11-21T01:00:00Z`; null if TVmaze has no airtime. */
  airstamp: string | null
  /** The length in minutes; absent if TVmaze does not say it. */
  runtime?: number
}

/** A network or a streaming service, as TVmaze describes it. Networks and services have separate ids. */
export interface Channel {
  id: number
  kind: 'network' | 'web'
  name: string
  /** The code of its country, `BR`; null for a service of several countries. */
  country: string | null
}

/** A series in the results of a search, with the fields that its card in a chat shows. */
export interface ShowHit extends Pick<Show, 'name' | 'url' | 'image' | 'channel' | 'country' | 'premiered' | 'status'> {
  id: number
  /** Plain text; null if TVmaze has none. */
  summary: string | null
  /** The name in Brazil, if the catalogue has it. */
  namePt?: string
  /** The catalogue has this hit, and TVmaze was not asked for others with the same name. */
  onlyCatalogue?: true
}

/** A network or a streaming service. A global service has no country, and its episodes have no airtime. */
export interface Channel {
  id: number
  name: string
  country: { name: string; code: string; timezone: string } | null
  officialSite: string | null
}

export interface Aka {
  name: string
  /** null for the original title and for an international title. */
  country: { name: string; code: string; timezone: string } | null
}

export interface EpisodeRow {
  id: number
  name: string
  season: number
  /** null for specials. */
  number: number | null
  type: 'regular' | 'significant_special' | 'insignificant_special'
  /** `YYYY-MM-DD` by the broadcaster's calendar; '' if the date is not announced. */
  airdate: string
  /** `HH:MM` in the channel's zone; '' if the time is unknown, and then `airstamp` is a placeholder. */
  airtime: string
  airstamp: string | null
  runtime: number | null
  summary: string | null
}

export interface ShowRow {
  id: number
  name: string
  type: string
  language: string | null
  genres: string[]
  status: 'Running' | 'Ended' | 'To Be Determined' | 'In Development'
  runtime: number | null
  premiered: string | null
  ended: string | null
  schedule: { time: string; days: string[] }
  network: Channel | null
  webChannel: Channel | null
  externals: { tvrage: number | null; thetvdb: number | null; imdb: string | null }
  hasImage: boolean
  summary: string | null
  /** Popularity, 0 to 100. */
  weight: number
  /** Unix seconds of the last edit. */
  updated: number
  akas: Aka[]
  episodes: EpisodeRow[]
  /** How many episodes a season will have, where TVmaze knows it. */
  episodeOrders?: Record<number, number>
}

export const countries = {
  us: { name: 'United States', code: 'US', timezone: 'America/New_York' },
  br: { name: 'Brazil', code: 'BR', timezone: 'America/Sao_Paulo' },
  gb: { name: 'United Kingdom', code: 'GB', timezone: 'Europe/London' },
} as const

/** A local date and time as an instant in TVmaze's format: `2026-11-21T01:00:00+00:00`. */
export const airstampOf = (airdate: string, airtime: string, zone: string): string =>
  formatAirstamp(new Date(Temporal.PlainDateTime.from(`${airdate}T${airtime}`).toZonedDateTime(zone).epochMilliseconds))

export const formatAirstamp = (instant: Date): string => instant.toISOString().replace(/\.\d{3}Z$/, '+00:00')

/** The airstamp that TVmaze uses if an episode has a date but no time: noon in UTC. */
export const placeholderAirstamp = (airdate: string): string => `${airdate}T12:00:00+00:00`

/** The local date and time of an instant. */
export const localAt = (instant: Date, zone: string): { airdate: string; airtime: string } => {
  const there = Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone)
  return { airdate: there.toPlainDate().toString(), airtime: there.toPlainTime().toString().slice(0, 5) }
}

export const zoneOf = ({ network, webChannel }: Pick<ShowRow, 'network' | 'webChannel'>): string =>
  network?.country?.timezone ?? webChannel?.country?.timezone ?? 'UTC'

/** The first episode id of an invented show. Each show has 100,000 ids, and all ids fit into 32 bits. */
export const firstEpisodeId = (showId: number): number => 90_000_000 + (showId - 900_000) * 100_000

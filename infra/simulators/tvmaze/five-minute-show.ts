import { countries, type EpisodeRow, firstEpisodeId, formatAirstamp, localAt, type ShowRow } from './rows.ts'

/** The id of a show that airs every five minutes, so that a newcomer soon sees a notification. */
export const fiveMinuteShowId = 900_100

const stepMs = 5 * 60_000
/** Episodes air at 12:04, 12:09 …, one minute before the tick of the episode checker. */
const phaseMs = 4 * 60_000
const pastEpisodes = 6
const futureEpisodes = 72

/** The time of the first episode after `now`. */
export const nextFiveMinuteEpisode = (now: Date): Date =>
  new Date(Math.floor((now.getTime() - phaseMs) / stepMs + 1) * stepMs + phaseMs)

/**
 * The show at the time `now`. The times of its episodes depend only on the clock, so they are the same after a restart.
 */
export const fiveMinuteShow = (now: Date): ShowRow => {
  const next = nextFiveMinuteEpisode(now).getTime()
  const episodes = Array.from({ length: pastEpisodes + futureEpisodes }, (_, index) =>
    episodeAt(new Date(next + (index - pastEpisodes) * stepMs)),
  )
  return {
    id: fiveMinuteShowId,
    name: 'Plantão Relâmpago',
    type: 'News',
    language: 'Portuguese',
    genres: [],
    status: 'Running',
    runtime: 1,
    premiered: '2026-01-01',
    ended: null,
    schedule: { time: '', days: [] },
    network: { id: 9005, name: 'Canal Cinco', country: countries.br, officialSite: null },
    webChannel: null,
    externals: { tvrage: null, thetvdb: 5_000_100, imdb: 'tt9900100' },
    hasImage: true,
    summary: '<p>Um boletim de um minuto, a cada cinco minutos, dia e noite.</p>',
    weight: 99,
    updated: Math.floor((next - stepMs) / 1000),
    akas: [{ name: 'Flash Bulletin', country: countries.us }],
    episodes,
  }
}

const dayMs = 86_400_000
const firstDayMs = Date.UTC(2026, 0, 1)

const episodeAt = (instant: Date): EpisodeRow => {
  const sinceFirst = instant.getTime() - firstDayMs
  const { airdate, airtime } = localAt(instant, countries.br.timezone)
  return {
    id: firstEpisodeId(fiveMinuteShowId) + Math.floor(sinceFirst / stepMs),
    name: `Boletim das ${airtime.replace(':', 'h')}`,
    season: 1 + Math.floor(sinceFirst / dayMs),
    number: 1 + Math.floor((sinceFirst % dayMs) / stepMs),
    type: 'regular',
    airdate,
    airtime,
    airstamp: formatAirstamp(instant),
    runtime: 1,
    summary: null,
  }
}

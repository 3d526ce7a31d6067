import { type EpisodeRow, firstEpisodeId, localAt, type ShowRow, stamp, ZONES } from './rows.ts'

/** The show that airs every few minutes, so that who tries Vigia out need not wait for tonight. */
export const BULLETIN_ID = 900_100

const STEP_MS = 5 * 60_000
/** One minute before the full five, when the episode checker looks: 12:04, 12:09 … */
const PHASE_MS = 4 * 60_000
const BEHIND = 6
const AHEAD = 72

/** The first airing after `now`. */
export const nextBulletin = (now: Date): Date =>
  new Date(Math.floor((now.getTime() - PHASE_MS) / STEP_MS + 1) * STEP_MS + PHASE_MS)

/** The bulletin as it stands at `now`. Its episodes lie on an absolute grid: a restart moves none of them. */
export const bulletin = (now: Date): ShowRow => {
  const next = nextBulletin(now).getTime()
  const episodes = Array.from({ length: BEHIND + AHEAD }, (_, index) =>
    episodeAt(new Date(next + (index - BEHIND) * STEP_MS)),
  )
  return {
    id: BULLETIN_ID,
    name: 'Plantão Relâmpago',
    type: 'News',
    language: 'Portuguese',
    genres: [],
    status: 'Running',
    runtime: 1,
    premiered: '2026-01-01',
    ended: null,
    schedule: { time: '', days: [] },
    network: { id: 9005, name: 'Canal Cinco', country: ZONES.br, officialSite: null },
    webChannel: null,
    externals: { tvrage: null, thetvdb: 5_000_100, imdb: 'tt9900100' },
    hasImage: true,
    summary: '<p>Um boletim de um minuto, a cada cinco minutos, dia e noite.</p>',
    weight: 99,
    updated: Math.floor((next - STEP_MS) / 1000),
    akas: [{ name: 'Flash Bulletin', country: ZONES.us }],
    episodes,
  }
}

const DAY_MS = 86_400_000
const FIRST_DAY_MS = Date.UTC(2026, 0, 1)

const episodeAt = (instant: Date): EpisodeRow => {
  const sinceFirst = instant.getTime() - FIRST_DAY_MS
  const { airdate, airtime } = localAt(instant, ZONES.br.timezone)
  return {
    id: firstEpisodeId(BULLETIN_ID) + Math.floor(sinceFirst / STEP_MS),
    name: `Boletim das ${airtime.replace(':', 'h')}`,
    season: 1 + Math.floor(sinceFirst / DAY_MS),
    number: 1 + Math.floor((sinceFirst % DAY_MS) / STEP_MS),
    type: 'regular',
    airdate,
    airtime,
    airstamp: stamp(instant),
    runtime: 1,
    summary: null,
  }
}

import type { Catalogue } from '#database/series/catalogue.ts'
import { type Follows, showIdOf } from '#database/series/follows.ts'
import type { Episode, Show } from '#database/series/show.ts'
import type { Incidents } from '#database/uptime/incidents.ts'
import type { Monitor, Monitors } from '#database/uptime/monitors.ts'
import type { HourSums, ProbeHours } from '#database/uptime/probe-hours.ts'
import type { Period } from '#functions/report/schedule.ts'
import { dueAt, isAnnounceable } from '#functions/series/episode-identity.ts'
import { type Slot, slotsOf } from '#functions/series/slots.ts'
import { type UptimeFigures, uptimeFigures } from './figures.ts'

const dayMs = 86_400_000
const upcomingDays = 7

/** The series of a chat: the episodes that came out in the period, and those of the seven days after it. */
export interface SeriesNews {
  aired: Slot[]
  upcoming: Slot[]
}

/** Everything that a report says. */
export interface ReportFigures {
  period: Period
  /** null for a chat without monitors. */
  uptime: UptimeFigures | null
  /** null for a chat that follows no series; `unavailable` if the catalogue did not answer. */
  series: SeriesNews | 'unavailable' | null
}

export interface Sources {
  monitors: Pick<Monitors, 'of'>
  probeHours: Pick<ProbeHours, 'byHour' | 'ofResults'>
  incidents: Pick<Incidents, 'between'>
  follows: Pick<Follows, 'of'>
  catalogue: Pick<Catalogue, 'shows'>
}

/**
 * Reads the figures of a chat. If the catalogue fails, `whenUnavailable` gets the error. If `whenUnavailable` does not
 * throw, the report is made without the series.
 */
export const collect = async (
  { chatId, zone }: { chatId: number; zone: string },
  period: Period,
  sources: Sources,
  now: Date,
  whenUnavailable: (error: unknown) => void,
): Promise<ReportFigures> => {
  const { from, to } = period
  // A monitor that was paused during the whole period is left out, because it has no results and the chat paused it.
  const monitors = (await sources.monitors.of(chatId)).filter(({ pausedAt }) => pausedAt === null || pausedAt > from)
  const ids = monitors.map(({ id }) => id)
  const uptime =
    monitors.length === 0
      ? null
      : uptimeFigures(
          monitors,
          await hoursOf(monitors, period, sources),
          await sources.incidents.between(ids, from, to),
          period,
        )
  return { period, uptime, series: await seriesNews({ chatId, zone }, period, sources, now, whenUnavailable) }
}

/**
 * The sums by hour. A monitor that was added a moment ago has no slot with a conclusion yet: the checks that a person
 * requested count instead, among them the check when it was added, whose outcome the chat already knows. A heartbeat
 * has no checks; its results are the changes of its state.
 */
const hoursOf = async (
  monitors: readonly Pick<Monitor, 'id' | 'kind'>[],
  { from, to }: Period,
  { probeHours }: Sources,
): Promise<HourSums[]> => {
  const ids = monitors.map(({ id }) => id)
  const hours = await probeHours.byHour(ids, from, to)
  const checked = new Set(hours.flatMap(({ monitorId, ok, failed }) => (ok + failed > 0 ? [monitorId] : [])))
  const others = monitors.flatMap(({ id, kind }) => (kind === 'heartbeat' || checked.has(id) ? [] : [id]))
  return others.length === 0 ? hours : [...hours, ...(await probeHours.ofResults(others, from, to))]
}

const seriesNews = async (
  { chatId, zone }: { chatId: number; zone: string },
  { from, to }: Period,
  { follows, catalogue }: Sources,
  now: Date,
  whenUnavailable: (error: unknown) => void,
): Promise<ReportFigures['series']> => {
  const ids = (await follows.of(chatId, 'show/')).flatMap(({ subject }) => showIdOf(subject) ?? [])
  if (ids.length === 0) return null
  let shows: Show[]
  try {
    shows = await catalogue.shows(ids)
  } catch (error) {
    whenUnavailable(error)
    return 'unavailable'
  }
  // An episode belongs to the report of the period in which it was announced, so no episode is in two reports.
  const isDueIn = (start: Date, end: Date) => (episode: Episode) => {
    const at = dueAt(episode, zone)
    return isAnnounceable(episode) && at !== null && at >= start && at < end
  }
  return {
    aired: slotsOf(shows, isDueIn(from, to), zone),
    // A report that is made late does not list episodes that have come out in the meantime.
    upcoming: slotsOf(shows, isDueIn(now > to ? now : to, new Date(to.getTime() + upcomingDays * dayMs)), zone),
  }
}

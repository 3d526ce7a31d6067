import type { NewMonitor } from '#database/uptime/monitors.ts'
import { type HeartbeatSettings, minHeartbeatS } from '#events/heartbeat-settings.ts'
import { folded } from '#functions/wording/fold.ts'

export { HeartbeatSettings } from '#events/heartbeat-settings.ts'

const defaultPeriodS = 86_400
const longestGraceS = 3_600

/** The settings with the defaults. The grace is a tenth of the period, from one minute to one hour. */
export type HeartbeatSchedule = { graceS: number } & ({ periodS: number } | { cron: string; timeZone: string })

export const scheduleOf = ({
  periodS = defaultPeriodS,
  cron,
  timeZone,
  graceS,
}: HeartbeatSettings): HeartbeatSchedule =>
  cron === undefined
    ? { periodS, graceS: graceS ?? Math.min(Math.max(Math.round(periodS / 10), minHeartbeatS), longestGraceS) }
    : { cron, timeZone: timeZone ?? 'UTC', graceS: graceS ?? longestGraceS }

/** The longest name of a heartbeat in its URL. */
const maxSlugLength = 100

/** The name as it is in a URL: `Backup diário` is `backup-diario`. '' if nothing of the name can be in a URL. */
export const slugOf = (name: string): string =>
  folded(name)
    .replace(/[^a-z0-9_]+/g, '-')
    .slice(0, maxSlugLength)
    .replace(/^-+|-+$/g, '')

/** The monitor of a heartbeat. It has no checks, so its interval only says how fast it may flap. */
export const heartbeatMonitor = (
  slug: string,
  settings: HeartbeatSettings,
  name = slug,
): Pick<NewMonitor, 'name' | 'kind' | 'url' | 'intervalS' | 'timeoutMs' | 'settings'> => {
  const schedule = scheduleOf(settings)
  const intervalS = 'periodS' in schedule ? Math.min(schedule.periodS, defaultPeriodS) : 3_600
  return { name, kind: 'heartbeat', url: `heartbeat:${slug}`, intervalS, timeoutMs: 10_000, settings }
}

/** The first time of a cron expression after an instant. */
type Next = (after: Date) => Date | null

const known = new Map<string, Promise<Next>>()

/** A library reads the expression. Only a heartbeat with a cron expression loads it. */
const cronTimes = (cron: string, timeZone: string): Promise<Next> => {
  const name = `${cron} ${timeZone}`
  const before = known.get(name)
  if (before) return before
  // The expressions come from users, so the memory for them is limited.
  if (known.size >= 1_000) known.clear()
  const times = import('croner').then(({ Cron }): Next => {
    const job = new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true })
    return after => job.nextRun(after)
  })
  known.set(name, times)
  return times
}

/**
 * When the first ping after `after` is expected; null if the expression has no further time. Rejects if the expression
 * or the zone is not valid.
 */
export const nextExpected = async (schedule: HeartbeatSchedule, after: Date): Promise<Date | null> =>
  'periodS' in schedule
    ? new Date(after.getTime() + schedule.periodS * 1_000)
    : (await cronTimes(schedule.cron, schedule.timeZone))(after)

/** Whether the cron expression and the zone are valid, and the expression has a time after `now`. */
export const isSchedule = async (cron: string, timeZone: string, now: Date): Promise<boolean> => {
  if (cron.trim().split(/\s+/).length !== 5) return false
  try {
    return (await nextExpected({ cron, timeZone, graceS: minHeartbeatS }, now)) !== null
  } catch {
    return false
  }
}

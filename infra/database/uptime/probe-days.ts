import type { Postgres } from '../connect.ts'
import { cursorsIn } from '../operations/cursors.ts'
import { hourDays } from './probe-hours.ts'
import { slotSums } from './slot-sums.ts'

const dayMs = 86_400_000
/** The cursor of the sums: the first day that has none yet. */
export const daySumsJob = 'day-sums'
/** How many days one statement sums up. */
const daysAtOnce = 2
/** Limit of statements for one run. The next run continues. */
const maxStatements = 20
/** Results may come for these days back: uptime-prober stores missed slots of the last 13 days. */
const lateDays = 14
/** Nearly all results that come late are of these days. */
const recentDays = 2

const startOfDay = (instant: Date) => new Date(Math.floor(instant.getTime() / dayMs) * dayMs)
const daysBefore = (instant: Date, days: number) => new Date(instant.getTime() - days * dayMs)
const earlier = (one: Date, other: Date) => (one < other ? one : other)

/** The table `probe_day`: one row for each monitor and day in UTC, for ever. */
export const probeDaysIn = (db: Postgres) => ({
  /**
   * Sums up the hours of all days that are over. Each sum replaces an earlier one, so a day may be summed up any number
   * of times. Every run sums up the days since the last run and the last two days; the first run of a day those of the
   * last 14 days. So the sums contain results that came late.
   */
  sumUp: async (now: Date): Promise<void> => {
    const today = startOfDay(now)
    const first = await db.transaction(async tx => {
      await cursorsIn(tx).correct(daySumsJob, today)
      const cursor = await cursorsIn(tx).reached(daySumsJob)
      const reached = cursor?.reached ?? startOfDay((await oldestHour(tx)) ?? now)
      return earlier(reached, daysBefore(today, reached < today ? lateDays : recentDays))
    })
    let from = first < daysBefore(today, hourDays - 1) ? daysBefore(today, hourDays - 1) : first
    for (let remaining = maxStatements; remaining > 0 && from < today; remaining--) {
      const to = earlier(today, new Date(from.getTime() + daysAtOnce * dayMs))
      await sumDays(db, from, to)
      from = to
    }
  },
})

/** The oldest hour of all monitors; null if there is none. */
const oldestHour = async (db: Postgres): Promise<Date | null> =>
  (
    await db.query<{ hour: Date | null }>(
      `select min(oldest.hour) as hour from monitor
       cross join lateral (select hour from probe_hour where monitor_id = monitor.id order by hour limit 1) oldest`,
    )
  ).rows[0]!.hour

/** Sums up the days [from, to), and moves the cursor in the same transaction. */
const sumDays = (db: Postgres, from: Date, to: Date): Promise<void> =>
  db.transaction(async tx => {
    const cursors = cursorsIn(tx)
    await cursors.lock(daySumsJob)
    await tx.query(
      `insert into probe_day (monitor_id, day, ${slotSums.map(({ column }) => column).join(', ')})
       select monitor.id, summed.* from monitor
       cross join lateral (
         select (hour at time zone 'UTC')::date as day, ${slotSums.map(({ ofHour, sum }) => `${sum}(${ofHour})`).join(', ')}
         from probe_hour where monitor_id = monitor.id and hour >= $1 and hour < $2 group by 1
       ) summed
       order by 1, 2
       on conflict (monitor_id, day) do update set
         ${slotSums.map(({ column }) => `${column} = excluded.${column}`).join(', ')}`,
      [from, to],
    )
    await cursors.advance(daySumsJob, to)
  })

import type { Postgres } from '#database/connect.ts'
import { deleteExpired } from '#database/operations/retention.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * Once an hour: creates the partitions for the results of yesterday to the day after tomorrow, and deletes expired rows
 * of all tables.
 */
export const housekeeping = (db: Postgres): ((now: Date) => Promise<void>) => {
  let lastHour: number | undefined
  return async now => {
    const hour = Math.floor(now.getTime() / hourMs)
    if (hour === lastHour) return
    await probeResultsIn(db).createPartitions([-1, 0, 1, 2].map(days => new Date(now.getTime() + days * dayMs)))
    await deleteExpired(db, now)
    lastHour = hour
  }
}

import type { Postgres } from '#database/connect.ts'
import { deleteExpired } from '#database/operations/retention.ts'
import { impactHoursIn } from '#database/pages/impact-hours.ts'
import { probeDaysIn } from '#database/uptime/probe-days.ts'
import { resultPartitionsIn } from '#database/uptime/result-partitions.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * Makes the function that every tick calls. Once an hour it creates the partitions for the results of the days from
 * yesterday to the day after tomorrow, sums up what is over, and deletes the expired rows of all tables.
 */
export const housekeeping = (db: Postgres): ((now: Date) => Promise<void>) => {
  let lastHour: number | undefined
  return async now => {
    const hour = Math.floor(now.getTime() / hourMs)
    if (hour === lastHour) return
    await resultPartitionsIn(db).createPartitions([-1, 0, 1, 2].map(days => new Date(now.getTime() + days * dayMs)))
    // Before hours are deleted.
    await probeDaysIn(db).sumUp(now)
    await impactHoursIn(db).sumUp(now)
    await deleteExpired(db, now)
    lastHour = hour
  }
}

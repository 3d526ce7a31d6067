import type { Postgres } from '#database/connect.ts'
import { probeHoursIn } from '#database/probe-hours.ts'
import { probeResultsIn } from '#database/probe-results.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const keptDays = 14
/** A year, and the month before it to compare with. */
const hoursKeptDays = 400

/** Once an hour: room for the results of the days around now, none for those of more than two weeks ago; tallies go after 400 days. */
export const housekeeping = (db: Postgres): ((now: Date) => Promise<void>) => {
  let doneIn: number | undefined
  return async now => {
    const hour = Math.floor(now.getTime() / hourMs)
    if (hour === doneIn) return
    const results = probeResultsIn(db)
    await results.makeRoomFor([-1, 0, 1, 2].map(days => new Date(now.getTime() + days * dayMs)))
    await results.forgetBefore(new Date(now.getTime() - keptDays * dayMs))
    await probeHoursIn(db).forgetBefore(new Date(now.getTime() - hoursKeptDays * dayMs))
    doneIn = hour
  }
}

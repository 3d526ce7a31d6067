import type { Postgres } from '#database/connect.ts'
import { probeResultsIn } from '#database/probe-results.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const keptDays = 14

/** Once an hour: room for the results of the days around now, and none for those of more than two weeks ago. */
export const housekeeping = (db: Postgres): ((now: Date) => Promise<void>) => {
  let doneIn: number | undefined
  return async now => {
    const hour = Math.floor(now.getTime() / hourMs)
    if (hour === doneIn) return
    const results = probeResultsIn(db)
    await results.makeRoomFor([-1, 0, 1, 2].map(days => new Date(now.getTime() + days * dayMs)))
    await results.forgetBefore(new Date(now.getTime() - keptDays * dayMs))
    doneIn = hour
  }
}

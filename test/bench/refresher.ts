import { rm } from 'node:fs/promises'
import { postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { mongo } from '#database/mongo.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { simulateRefresher } from '#test/functions/series-refresher/simulate-refresher.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import type { Bench } from './bench.ts'

/** The number of followed series: SERIES=100000. TVmaze has fewer in all. */
const followedSeries = Number(process.env.SERIES ?? 100_000)
/** The hours of the simulation: HOURS=6 */
const hours = Number(process.env.HOURS ?? 6)
const load = { followedSeries, hours, editsPerDay: 4_000, airingsPerDay: 2_400, searchesPerHour: 300, burst: 12 }

/** Runs series-refresher on a virtual clock: how many calls it makes, and how old the data becomes. */
export const bench: Bench = {
  title: `refresher: ${followedSeries} followed series for ${hours} h on a virtual clock, ${load.editsPerDay} edits and ${load.airingsPerDay} episodes a day, ${load.searchesPerHour} searches an hour and ${load.burst} at once`,
  run: async log => {
    const folders = await Promise.all([temporaryFolder(), temporaryFolder()])
    const server = await startPostgres({ dataDir: folders[0] })
    const catalogueServer = await startMongo({ dataDir: folders[1] })
    await migrate(server.url)
    const [db, shows] = [postgres(server.url), mongo(catalogueServer.uri)]
    try {
      const outcome = await simulateRefresher({ db, mongo: shows }, load, log)
      const { agesMinutes, edits, callsPerHour } = outcome
      const age = (share: number) => Math.round(agesMinutes[Math.floor(agesMinutes.length * share)] ?? Number.NaN)
      return {
        columns: ['hour', 'calls of rounds', 'calls of searches'],
        rows: callsPerHour.map(({ rounds, searches }, hour) => [hour + 1, rounds, searches]),
        notes: [
          `at most ${outcome.mostInTenSeconds} calls in ten seconds; TVmaze refused ${outcome.refusedCalls}`,
          `age of the data: p50 ${age(0.5)} min, p99 ${age(0.99)} min; ${agesMinutes.length} of ${edits} edits are in the catalogue at the end`,
          `longest wait of a search: ${outcome.longestSearchWaitMs} ms; ${outcome.unansweredSearches} of ${outcome.searches} searches were asked to try again`,
        ],
      }
    } finally {
      await Promise.all([db.end(), shows.end()])
      await Promise.all([server.stop(), catalogueServer.stop()])
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
    }
  },
}

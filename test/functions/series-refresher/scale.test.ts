import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'
import { simulateRefresher } from './simulate-refresher.ts'

let database: TestDatabase
let catalogue: Awaited<ReturnType<typeof freshMongo>>
beforeAll(async () => {
  ;[database, catalogue] = await Promise.all([freshDatabase(), freshMongo()])
})
afterAll(async () => {
  await Promise.all([database.end(), catalogue.end()])
})

// `npm run bench -- refresher` runs the same simulation with 100,000 followed series.
test('two hours with 300 followed series stay within the limit of TVmaze, and searches need not wait for the rounds', async () => {
  const outcome = await simulateRefresher(
    { db: database.db, mongo: catalogue.mongo },
    { followedSeries: 300, hours: 2, editsPerDay: 360, airingsPerDay: 120, searchesPerHour: 15, burst: 8 },
  )
  expect(outcome.refusedCalls).toBe(0)
  expect(outcome.mostInTenSeconds).toBeLessThanOrEqual(20)
  // Two calls for each edited series, each series with an episode soon and each old one, and the lists.
  expect(Math.max(...outcome.callsPerHour.map(({ rounds }) => rounds))).toBeLessThan(80)
  expect(outcome).toMatchObject({ edits: 30, unansweredSearches: 0 })
  expect(outcome.agesMinutes.length).toBeGreaterThan(5)
  // An edit is at worst an hour too late for a cached list, and ten minutes for the tick; a tick lasts some minutes.
  expect(outcome.agesMinutes.at(-1)).toBeLessThanOrEqual(80)
  expect(outcome.longestSearchWaitMs).toBeLessThanOrEqual(5_500)
})

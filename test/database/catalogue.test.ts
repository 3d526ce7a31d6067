import { afterAll, beforeAll, expect, test } from 'vitest'
import { catalogueIn } from '#database/series/catalogue.ts'
import { severance, showOutsidePeriod, showWithoutAirtimes } from '#test/support/catalogue-shows.ts'
import { freshMongo } from '#test/support/database.ts'

let catalogue: ReturnType<typeof catalogueIn>
let end: () => Promise<void>
beforeAll(async () => {
  const server = await freshMongo()
  catalogue = catalogueIn(server.mongo)
  end = server.end
  for (const show of [severance, showWithoutAirtimes, showOutsidePeriod]) await catalogue.keep(show)
})
afterAll(() => end())

test('a show is stored and read as a whole, and storing it again replaces it', async () => {
  const renamed = { ...severance, name: 'Ruptura', missingSince: '2026-11-21T00:00:00Z', strikes: 1 }
  await catalogue.keep(renamed)
  expect(await catalogue.show(82)).toEqual(renamed)
  await catalogue.keep(severance)
  expect(await catalogue.show(82)).toEqual(severance)
  expect(await catalogue.show(1)).toBe(null)
  expect(new Set((await catalogue.shows([82, 84, 1])).map(({ _id }) => _id))).toEqual(new Set([82, 84]))
  expect(await catalogue.shows([])).toEqual([])
})

test('freshness returns the status and the update time of the stored shows', async () => {
  expect(await catalogue.freshness([82, 1])).toMatchObject([{ _id: 82, status: 'Running', updated: 1 }])
  expect(await catalogue.freshness([])).toEqual([])
})

test('a document that some Mongo-compatible servers cannot store is refused before the write', async () => {
  await expect(catalogue.keep({ ...severance, _id: 90, updated: Number.NaN })).rejects.toThrow('updated')
  expect(await catalogue.show(90)).toBe(null)
})

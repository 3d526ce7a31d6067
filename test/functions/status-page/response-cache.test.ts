import { expect, test } from 'vitest'
import { responseCache } from '#functions/status-page/response-cache.ts'

test('a value whose reading takes long is read less often, so that readings take a tenth of the time', async () => {
  let now = 0
  let readings = 0
  const limits = { freshMs: 1_000, refreshMs: 15_000, staleMs: 60_000, bytesOf: () => 1, mostBytes: 100 }
  const cache = responseCache<number>({ clock: () => new Date(now), ...limits })
  const read = (tookMs: number) => () => {
    now += tookMs
    return Promise.resolve(++readings)
  }
  const readingsAfter = async (ms: number, tookMs: number) => {
    now += ms
    await cache('a', read(tookMs))
    return readings
  }
  expect(await readingsAfter(0, 300)).toBe(1)
  expect(await readingsAfter(2_999, 20)).toBe(1)
  expect(await readingsAfter(1, 20)).toBe(2)
  expect(await readingsAfter(999, 20)).toBe(2)
  // However long a reading takes, a page that people visit is not older than a third of the refresh time.
  expect(await readingsAfter(1, 4_000)).toBe(3)
  expect(await readingsAfter(4_999, 20)).toBe(3)
  expect(await readingsAfter(1, 20)).toBe(4)
})

import { expect, test } from 'vitest'
import { sparkline } from '#functions/wording/sparkline.ts'

const now = new Date('2026-11-21T15:20:00Z')
/** The sums of hours, of which the last one is the present hour. `ms` is the average time of ten checks. */
const hours = (...averages: (number | 'down' | 'missed' | null)[]) =>
  averages.flatMap((ms, at) => {
    const hour = new Date(Date.UTC(2026, 10, 21, 15 - (averages.length - 1 - at)))
    if (ms === null) return []
    if (ms === 'missed') return [{ hour, ok: 0, failed: 0, totalMs: 0 }]
    return [ms === 'down' ? { hour, ok: 9, failed: 1, totalMs: 900 } : { hour, ok: 10, failed: 0, totalMs: ms * 10 }]
  })

test('the typical time is the middle block, and slower hours are higher', () => {
  expect(sparkline(hours(100, 100, 100, 200, 50, 1000), now, 6)).toBe('▄▄▄▇▃▇')
  expect(sparkline(hours(100, 120, 80, 1), now, 4)).toBe('▄▅▃▁')
})

test('an hour with a failed check is marked, and an hour without a result stays empty', () => {
  expect(sparkline(hours(100, 'down', null, 'missed', 100), now, 5)).toBe('▄✗··▄')
  expect(sparkline(hours('down'), now, 3)).toBe('··✗')
})

test('without any check there is none', () => {
  expect(sparkline([], now)).toBeNull()
  expect(sparkline(hours('missed', null), now)).toBeNull()
})

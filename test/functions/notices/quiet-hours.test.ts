import { describe, expect, test } from 'vitest'
import { quietUntil } from '#functions/notices/quiet-hours.ts'

const hours = (from: number, to: number) => ({ from: from * 60, to: to * 60 })
const until = (quiet: { from: number; to: number } | null, at: string, zone = 'UTC') =>
  quietUntil(quiet, new Date(at), zone)?.toISOString() ?? null

describe('quiet hours', () => {
  test.each([
    ['begin', '2026-11-20T23:00:00Z', '2026-11-21T08:00:00.000Z'],
    ['go on after midnight', '2026-11-21T00:30:00Z', '2026-11-21T08:00:00.000Z'],
    ['last to the end', '2026-11-21T07:59:59Z', '2026-11-21T08:00:00.000Z'],
    ['end', '2026-11-21T08:00:00Z', null],
    ['have not begun', '2026-11-20T22:59:59Z', null],
  ])('from 23:00 to 08:00 %s', (_, at, end) => {
    expect(until(hours(23, 8), at)).toBe(end)
  })

  test('within one day are the same day', () => {
    expect(until(hours(13, 15), '2026-11-20T14:00:00Z')).toBe('2026-11-20T15:00:00.000Z')
    expect(until(hours(13, 15), '2026-11-20T15:00:00Z')).toBeNull()
    expect(until(null, '2026-11-20T14:00:00Z')).toBeNull()
  })

  test('are those of the clocks of the zone', () => {
    expect(until(hours(23, 8), '2026-11-21T02:00:00Z', 'America/Sao_Paulo')).toBe('2026-11-21T11:00:00.000Z')
    expect(until(hours(23, 8), '2026-11-21T02:00:00Z', 'Asia/Tokyo')).toBeNull()
  })

  test('follow the clocks when they change in the night', () => {
    // New York: clocks go from 02:00 back to 01:00 on 1 November, and from 02:00 to 03:00 on 14 March.
    expect(until(hours(23, 8), '2026-11-01T04:00:00Z', 'America/New_York')).toBe('2026-11-01T13:00:00.000Z')
    expect(until(hours(23, 8), '2027-03-14T05:00:00Z', 'America/New_York')).toBe('2027-03-14T12:00:00.000Z')
  })

  test('whose end the clocks skip end with the skipped time, and whose end comes twice end at both', () => {
    const toHalfPastTwo = { from: 23 * 60, to: 150 }
    expect(until(toHalfPastTwo, '2027-03-14T06:30:00Z', 'America/New_York')).toBe('2027-03-14T07:30:00.000Z')
    const toHalfPastOne = { from: 23 * 60, to: 90 }
    expect(until(toHalfPastOne, '2026-11-01T05:00:00Z', 'America/New_York')).toBe('2026-11-01T05:30:00.000Z')
    expect(until(toHalfPastOne, '2026-11-01T05:45:00Z', 'America/New_York')).toBeNull()
    expect(until(toHalfPastOne, '2026-11-01T06:10:00Z', 'America/New_York')).toBe('2026-11-01T06:30:00.000Z')
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Schedule } from '#database/reports/report-settings.ts'
import { lastDue, nextDue, periodOfDue, periodUntil } from '#functions/report/schedule.ts'

const daily = (hour: number): Schedule => ({ frequency: 'daily', weekday: 1, hour })
const weekly = (weekday: number, hour: number): Schedule => ({ frequency: 'weekly', weekday, hour })
const next = (schedule: Schedule, zone: string, now: string) => nextDue(schedule, zone, new Date(now)).toISOString()
const period = (until: string, frequency: 'daily' | 'weekly', zone: string) => {
  const { from, to } = periodUntil(new Date(until), frequency, zone)
  return [from.toISOString(), to.toISOString()]
}

describe('the hour of a report', () => {
  test.each([
    ['Brasília', 'America/Sao_Paulo', '2026-11-21T11:00:00.000Z'],
    ['a zone with a half hour', 'Asia/Kolkata', '2026-11-21T02:30:00.000Z'],
    ['a zone with a quarter of an hour', 'Asia/Kathmandu', '2026-11-21T02:15:00.000Z'],
    ['a zone that does not exist, which counts as Brasília', 'Mars/Olympus', '2026-11-21T11:00:00.000Z'],
  ])('is that of %s', (_, zone, expected) => {
    expect(next(daily(8), zone, '2026-11-20T22:00:00Z')).toBe(expected)
  })

  test('is an hour later on the day when clocks skip it, and the first of the two on the day when clocks repeat it', () => {
    // New York: on 8 March 2026 clocks go from 2:00 to 3:00, and on 1 November from 2:00 back to 1:00.
    expect(next(daily(2), 'America/New_York', '2026-03-08T00:00:00Z')).toBe('2026-03-08T07:00:00.000Z')
    expect(next(daily(1), 'America/New_York', '2026-11-01T00:00:00Z')).toBe('2026-11-01T05:00:00.000Z')
    expect(next(daily(1), 'America/New_York', '2026-11-01T05:00:00Z')).toBe('2026-11-02T06:00:00.000Z')
    // Santiago: midnight of 6 September 2026 does not exist.
    expect(next(daily(0), 'America/Santiago', '2026-09-05T12:00:00Z')).toBe('2026-09-06T04:00:00.000Z')
  })

  test('of a weekly report is on its day of the week in the zone', () => {
    // 22 November 2026 is a Sunday. In Kiribati, Monday begins at 10:00 UTC of Sunday.
    expect(next(weekly(1, 8), 'Pacific/Kiritimati', '2026-11-21T00:00:00Z')).toBe('2026-11-22T18:00:00.000Z')
    expect(next(weekly(7, 8), 'America/Sao_Paulo', '2026-11-22T11:00:00Z')).toBe('2026-11-29T11:00:00.000Z')
  })

  test('that was last is never after now, that is next is always after now, and no other is between, in every zone', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))
    const schedules = fc.record({
      frequency: fc.constantFrom('daily' as const, 'weekly' as const),
      weekday: fc.integer({ min: 1, max: 7 }),
      hour: fc.integer({ min: 0, max: 23 }),
    })
    const instants = fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(schedules, zones, instants, (schedule, zone, now) => {
        const [last, following] = [lastDue(schedule, zone, now), nextDue(schedule, zone, now)]
        expect(last.getTime()).toBeLessThanOrEqual(now.getTime())
        expect(following.getTime()).toBeGreaterThan(now.getTime())
        expect(nextDue(schedule, zone, last)).toEqual(following)
        expect(lastDue(schedule, zone, new Date(following.getTime() - 1))).toEqual(last)
        const local = Temporal.Instant.fromEpochMilliseconds(following.getTime()).toZonedDateTimeISO(zone)
        if (schedule.frequency === 'weekly') expect(local.dayOfWeek).toBe(schedule.weekday)
      }),
      { numRuns: 300 },
    )
  })
})

describe('the period of a report', () => {
  test('is the day or the week before the report, and has an hour less or more when clocks change', () => {
    expect(period('2026-11-21T11:00:00Z', 'daily', 'America/Sao_Paulo')).toEqual([
      '2026-11-20T11:00:00.000Z',
      '2026-11-21T11:00:00.000Z',
    ])
    expect(period('2026-03-08T12:00:00Z', 'daily', 'America/New_York')[0]).toBe('2026-03-07T13:00:00.000Z')
    expect(period('2026-11-01T13:00:00Z', 'daily', 'America/New_York')[0]).toBe('2026-10-31T12:00:00.000Z')
    expect(period('2026-03-10T12:00:00Z', 'weekly', 'America/New_York')[0]).toBe('2026-03-03T13:00:00.000Z')
  })

  test.each([
    'America/New_York',
    'America/Santiago',
    'America/Sao_Paulo',
    'Asia/Kathmandu',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Europe/Lisbon',
  ])(
    'of a due report begins when that of the report before it ends, at every hour and on every day of a year in %s',
    zone => {
      for (let hour = 0; hour < 24; hour++) {
        for (const schedule of [daily(hour), weekly(7, hour)]) {
          let due = nextDue(schedule, zone, new Date('2026-01-01T00:00:00Z'))
          while (due.getUTCFullYear() < 2027) {
            const following = nextDue(schedule, zone, due)
            const { from, to } = periodOfDue(following, schedule, zone)
            expect(from).toEqual(periodOfDue(due, schedule, zone).to)
            expect(to.getTime()).toBeGreaterThan(from.getTime())
            due = following
          }
        }
      }
    },
  )

  test('of a report whose hour clocks skip begins at the usual hour of the day before', () => {
    const [skipped, after] = [new Date('2026-03-08T07:00:00Z'), new Date('2026-03-09T06:00:00Z')]
    expect(periodOfDue(skipped, daily(2), 'America/New_York').from.toISOString()).toBe('2026-03-07T07:00:00.000Z')
    expect(periodOfDue(after, daily(2), 'America/New_York').from).toEqual(skipped)
  })
})

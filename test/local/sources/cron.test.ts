import { CronExpressionParser } from 'cron-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CronSchedule, cron } from '#local/sources/cron.ts'

const next = (schedule: string, after: string, zone = 'UTC') => {
  const parsed = cron(schedule) as CronSchedule
  return parsed.next(new Date(after), zone)?.toISOString() ?? null
}

describe('schedules have the same meaning as on Knative', () => {
  test.each([
    ['every minute', '* * * * *', '2026-11-21T12:00:00Z', '2026-11-21T12:01:00.000Z'],
    ['every ten seconds, seconds first', '*/10 * * * * *', '2026-11-21T12:00:01Z', '2026-11-21T12:00:10.000Z'],
    [
      'the given instant itself does not count',
      '*/10 * * * * *',
      '2026-11-21T12:00:10.000Z',
      '2026-11-21T12:00:20.000Z',
    ],
    ['milliseconds do not matter', '*/10 * * * * *', '2026-11-21T12:00:09.999Z', '2026-11-21T12:00:10.000Z'],
    [
      'a number with a step is a range from that number to the last value',
      '0 5/20 * * * *',
      '2026-11-21T12:30:00Z',
      '2026-11-21T12:45:00.000Z',
    ],
    ['a range with a step', '0 10-30/10 * * * *', '2026-11-21T12:20:00Z', '2026-11-21T12:30:00.000Z'],
    ['a list', '0 9,17 * * *', '2026-11-21T12:00:00Z', '2026-11-21T17:00:00.000Z'],
    ['names', '0 0 * jan mon', '2026-11-21T12:00:00Z', '2027-01-04T00:00:00.000Z'],
    ['a question mark is a star', '0 0 1 * ?', '2026-11-21T12:00:00Z', '2026-12-01T00:00:00.000Z'],
    ['@hourly', '@hourly', '2026-11-21T12:00:00Z', '2026-11-21T13:00:00.000Z'],
    ['@weekly is Sunday', '@weekly', '2026-11-21T12:00:00Z', '2026-11-22T00:00:00.000Z'],
    [
      'if both day fields are restricted, one match is enough',
      '0 0 13 * fri',
      '2026-11-21T12:00:00Z',
      '2026-11-27T00:00:00.000Z',
    ],
    ['if one day field is a star, both must match', '0 0 13 * *', '2026-11-21T12:00:00Z', '2026-12-13T00:00:00.000Z'],
    [
      'a star with a step counts as a restriction',
      '0 0 */10 * fri',
      '2026-11-21T12:00:00Z',
      '2026-11-27T00:00:00.000Z',
    ],
    ['leap day', '0 0 29 2 *', '2026-11-21T12:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['a day that never comes', '0 0 31 2 *', '2026-11-21T12:00:00Z', null],
  ])('%s', (_, schedule, after, expected) => expect(next(schedule, after)).toBe(expected))

  test.each([
    ['a zone', '0 9 * * *', '2026-11-21T00:00:00Z', 'America/Sao_Paulo', '2026-11-21T12:00:00.000Z'],
    ['a zone of half hours', '0 9 * * *', '2026-11-21T00:00:00Z', 'Asia/Kolkata', '2026-11-21T03:30:00.000Z'],
    [
      'an hour that the clock skips does not run that day',
      '30 2 * * *',
      '2026-03-08T06:00:00Z',
      'America/New_York',
      '2026-03-09T06:30:00.000Z',
    ],
    [
      'an hour that comes twice runs the first time',
      '30 1 * * *',
      '2026-11-01T04:00:00Z',
      'America/New_York',
      '2026-11-01T05:30:00.000Z',
    ],
    [
      'an hour that comes twice runs the second time, too',
      '30 1 * * *',
      '2026-11-01T05:30:00Z',
      'America/New_York',
      '2026-11-01T06:30:00.000Z',
    ],
    [
      'an hourly schedule runs in both hours',
      '0 * * * *',
      '2026-11-01T05:00:00Z',
      'America/New_York',
      '2026-11-01T06:00:00.000Z',
    ],
    ['a day without midnight', '0 0 * * *', '2018-11-03T12:00:00Z', 'America/Sao_Paulo', '2018-11-05T02:00:00.000Z'],
  ])('%s', (_, schedule, after, zone, expected) => expect(next(schedule, after, zone)).toBe(expected))

  test.each([
    ['@every 5s', 'the descriptor is not known'],
    ['* * * *', 'expected 5 to 6 fields, found 4'],
    ['* * * * * * *', 'expected 5 to 6 fields, found 7'],
    ['61 * * * *', 'minute 61 is above 59'],
    ['* 24 * * *', 'hour 24 is above 23'],
    ['* * 0 * *', 'day of month 0 is below 1'],
    ['* * * * 7', 'day of week 7 is above 6'],
    ['* * L * *', '"L" is not a valid day of month'],
    ['* * * * 5#2', '"5#2" is not a valid day of week'],
    ['* * 15W * *', '"15W" is not a valid day of month'],
    ['*/0 * * * *', 'has a step of 0'],
    ['30-10 * * * *', 'ends before it begins'],
    ['1,,2 * * * *', '"" is not a valid minute'],
    ['TZ=UTC * * * * *', 'the zone belongs in spec.timezone'],
    ['* * * * fun', '"fun" is not a valid day of week'],
  ])('"%s" is refused', (schedule, words) => {
    const parsed = cron(schedule)
    expect('error' in parsed && parsed.error).toContain(words)
  })

  test('another library computes the same instants, except at clock changes and if both day fields are restricted', () => {
    const part = (least: number, most: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: least, max: most }).map(String),
        fc.integer({ min: 1, max: 20 }).map(step => `*/${step}`),
        fc
          .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
          .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      )
    const schedule = fc
      .tuple(part(0, 59), part(0, 59), part(0, 23), fc.constant('*'), part(1, 12), part(0, 6))
      .map(parts => parts.join(' '))
    const instant = fc.date({ min: new Date('2026-01-01'), max: new Date('2029-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(schedule, instant, fc.constantFrom('UTC', 'Asia/Kolkata', 'Asia/Tokyo'), (text, after, tz) => {
        const theirs = CronExpressionParser.parse(text, { currentDate: after, tz }).next().toISOString()
        expect(next(text, after.toISOString(), tz)).toBe(theirs)
      }),
      { numRuns: 300 },
    )
  })
})

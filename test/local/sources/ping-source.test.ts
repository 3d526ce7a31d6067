import { CronExpressionParser } from 'cron-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SourceManifest } from '#local/manifests/manifests.ts'
import { type CronSchedule, cron } from '#local/sources/cron.ts'
import { type Ping, startPingSources } from '#local/sources/ping-source.ts'
import { until } from '#test/support/until.ts'

const next = (schedule: string, after: string, zone = 'UTC') => {
  const parsed = cron(schedule) as CronSchedule
  return parsed.next(new Date(after), zone)?.toISOString() ?? null
}

describe('schedules mean what they mean on Knative', () => {
  test.each([
    ['every minute', '* * * * *', '2026-11-21T12:00:00Z', '2026-11-21T12:01:00.000Z'],
    ['every ten seconds, seconds first', '*/10 * * * * *', '2026-11-21T12:00:01Z', '2026-11-21T12:00:10.000Z'],
    ['the instant itself is past', '*/10 * * * * *', '2026-11-21T12:00:10.000Z', '2026-11-21T12:00:20.000Z'],
    ['milliseconds do not matter', '*/10 * * * * *', '2026-11-21T12:00:09.999Z', '2026-11-21T12:00:10.000Z'],
    ['a start with a step runs to the end', '0 5/20 * * * *', '2026-11-21T12:30:00Z', '2026-11-21T12:45:00.000Z'],
    ['a range with a step', '0 10-30/10 * * * *', '2026-11-21T12:20:00Z', '2026-11-21T12:30:00.000Z'],
    ['a list', '0 9,17 * * *', '2026-11-21T12:00:00Z', '2026-11-21T17:00:00.000Z'],
    ['names', '0 0 * jan mon', '2026-11-21T12:00:00Z', '2027-01-04T00:00:00.000Z'],
    ['a question mark is a star', '0 0 1 * ?', '2026-11-21T12:00:00Z', '2026-12-01T00:00:00.000Z'],
    ['@hourly', '@hourly', '2026-11-21T12:00:00Z', '2026-11-21T13:00:00.000Z'],
    ['@weekly is Sunday', '@weekly', '2026-11-21T12:00:00Z', '2026-11-22T00:00:00.000Z'],
    ['both day fields: either will do', '0 0 13 * fri', '2026-11-21T12:00:00Z', '2026-11-27T00:00:00.000Z'],
    ['one day field with a star: both must hold', '0 0 13 * *', '2026-11-21T12:00:00Z', '2026-12-13T00:00:00.000Z'],
    ['a star with a step restricts', '0 0 */10 * fri', '2026-11-21T12:00:00Z', '2026-11-27T00:00:00.000Z'],
    ['leap day', '0 0 29 2 *', '2026-11-21T12:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['never', '0 0 31 2 *', '2026-11-21T12:00:00Z', null],
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
    ['… and the second', '30 1 * * *', '2026-11-01T05:30:00Z', 'America/New_York', '2026-11-01T06:30:00.000Z'],
    [
      'every hour goes on through it',
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

  test('another library says the same, away from clock changes and the rule for two day fields', () => {
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

const source: SourceManifest = {
  file: 'knative/sources/reporter.yaml',
  line: 1,
  name: 'reporter',
  namespace: 'vigia',
  schedule: '*/10 * * * * *',
  timeZone: 'UTC',
  contentType: 'application/json',
  data: Buffer.from('{}'),
  extensions: { tick: 'reporter' },
  to: { kind: 'broker', name: 'default' },
}

/** A source on a clock and timers of the test. */
const onOurClock = (given: Partial<SourceManifest> = {}, statuses: number[] = []) => {
  let now = Date.parse('2026-11-21T12:00:03Z')
  let timer: { ms: number; work: () => void } | undefined
  const sent: { ping: Ping; at: string }[] = []
  const lost: string[] = []
  const sources = startPingSources({
    sources: [{ ...source, ...given }],
    send: async (_, ping) => {
      sent.push({ ping, at: new Date(now).toISOString() })
      return statuses.shift() ?? 202
    },
    clock: () => new Date(now),
    onLostTick: words => lost.push(words),
    after: (ms, work) => {
      timer = { ms, work }
      return () => {
        timer = undefined
      }
    },
  })
  /** Lets the timer run; `jumpMs` is what the wall clock does besides. */
  const wake = (jumpMs = 0) => {
    const { ms, work } = timer!
    now += ms + jumpMs
    work()
    return ms
  }
  return { sources, sent, lost, wake, isArmed: () => timer !== undefined }
}

describe('a source', () => {
  test('sends the event that Knative sends, at its second', () => {
    const { sent, wake } = onOurClock()
    expect(wake()).toBe(7_000)
    wake()
    expect(sent.map(({ at }) => at)).toEqual(['2026-11-21T12:00:10.000Z', '2026-11-21T12:00:20.000Z'])
    const [{ ping }] = sent as [(typeof sent)[0]]
    expect(ping.body.toString()).toBe('{}')
    expect(ping.headers).toEqual({
      'ce-specversion': '1.0',
      'ce-type': 'dev.knative.sources.ping',
      'ce-source': '/apis/v1/namespaces/vigia/pingsources/reporter',
      'ce-id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
      'ce-time': '2026-11-21T12:00:10.000Z',
      'ce-tick': 'reporter',
      'content-type': 'application/json',
    })
    expect(ping.headers['ce-id']).not.toBe(sent[1]!.ping.headers['ce-id'])
  })

  test('fires once after the machine has slept through many ticks', () => {
    const { sent, wake } = onOurClock()
    wake()
    wake(8 * 3_600_000)
    expect(sent.length).toBe(2)
    wake()
    expect(sent.map(({ at }) => at.slice(11, 19))).toEqual(['12:00:10', '20:00:20', '20:00:30'])
  })

  test('goes on at once when the clock is set back, and does not wait for the hour to come again', () => {
    const { sent, wake } = onOurClock()
    wake()
    wake(-3_600_000)
    expect(sent.length).toBe(1)
    wake()
    expect(sent.at(-1)!.at).toBe('2026-11-21T11:00:30.000Z')
  })

  test('with a rare schedule looks at the clock every minute', () => {
    const { sent, wake, sources } = onOurClock({ schedule: '0 9 1 * *' })
    expect(wake()).toBe(60_000)
    expect(sent.length).toBe(0)
    expect(sources.report()).toEqual([
      { name: 'reporter', schedule: '0 9 1 * *', timeZone: 'UTC', nextAt: '2026-12-01T09:00:00.000Z', lastAt: null },
    ])
  })

  test('tells when it fired last and fires on demand', async () => {
    const { sources, sent } = onOurClock()
    const id = await sources.fire('reporter')
    expect(sent[0]!.ping.headers['ce-id']).toBe(id)
    expect(sources.report()[0]).toMatchObject({
      lastAt: '2026-11-21T12:00:03.000Z',
      nextAt: '2026-11-21T12:00:10.000Z',
    })
  })

  test('sends again while the broker is away, the same event', async () => {
    const { sources, sent } = onOurClock({}, [503, 503])
    await sources.fire('reporter')
    expect(new Set(sent.map(({ ping }) => ping.headers['ce-id'])).size).toBe(1)
    expect(sent.length).toBe(3)
  })

  test('loses a tick that the broker refuses, and says so', async () => {
    const { wake, lost } = onOurClock({}, [500])
    wake()
    await until(() => lost.length === 1)
    expect(lost).toEqual(['reporter: a tick was lost: the sink answered 500'])
  })

  test('is silent once stopped', () => {
    const { sources, isArmed } = onOurClock()
    sources.stop()
    expect(isArmed()).toBe(false)
  })
})

import { describe, expect, test } from 'vitest'
import { isSchedule, nextExpected, scheduleOf } from '#functions/checks/heartbeat.ts'
import {
  afterDeadline,
  afterPing,
  exceededUsualMs,
  lateAt,
  mayHaveMissed,
  type Ping,
  type Pinged,
} from '#functions/heartbeat/heartbeat-state.ts'

const at = (time: string) => new Date(`2026-11-21T${time}Z`)
const hourly = { periodS: 3_600, graceS: 300 }

const fresh: Pinged = {
  state: 'new',
  changedAt: null,
  isTold: true,
  error: null,
  exitCode: null,
  pings: 0,
  lastPingAt: null,
  lastStartAt: null,
  lastStartRunId: null,
  durationsMs: [],
  slowRunMs: null,
  usualRunMs: null,
  expectedAfter: null,
  lateAt: null,
  countedUntil: null,
  activeSince: at('08:00:00'),
}

const ping = (time: string, given: Partial<Ping> = {}): Ping => ({
  at: at(time),
  action: 'success',
  exitCode: null,
  runId: null,
  ...given,
})
const pinged = (before: Pinged, ...pings: Ping[]): Pinged => {
  let state = before
  for (const each of pings) state = { ...state, ...afterPing(state, each).after }
  return state
}

describe('a ping', () => {
  test('of success brings a heartbeat up, and only the first one is a change', () => {
    const up = pinged(fresh, ping('09:00:00'))
    expect(up).toMatchObject({ state: 'up', pings: 1, changedAt: at('09:00:00'), lastPingAt: at('09:00:00') })
    expect(pinged(up, ping('10:00:00'))).toMatchObject({ state: 'up', pings: 2, changedAt: at('09:00:00') })
  })

  test('of a failure takes a heartbeat down, and the next success brings it up again', () => {
    const down = pinged(fresh, ping('09:00:00'), ping('10:00:00', { action: 'fail', exitCode: 3 }))
    expect(down).toMatchObject({ state: 'down', changedAt: at('10:00:00'), error: 'job-failed', exitCode: 3 })
    expect(pinged(down, ping('10:05:00'))).toMatchObject({ state: 'up', changedAt: at('10:05:00'), error: null })
  })

  test('in the same millisecond as the change before it is a change of its own', () => {
    const down = pinged(fresh, ping('09:00:00'), ping('09:00:00', { action: 'fail' }))
    expect(down.changedAt).toEqual(at('09:00:00.001'))
  })

  test('counts as a change after the monitor was resumed', () => {
    const up = pinged(fresh, ping('09:00:00'))
    expect(pinged({ ...up, activeSince: at('09:30:00') }, ping('10:00:00')).changedAt).toEqual(at('10:00:00'))
  })

  test('with a log changes nothing but the number of pings', () => {
    const up = pinged(fresh, ping('09:00:00'))
    expect(pinged(up, ping('09:10:00', { action: 'log' }))).toEqual({ ...up, pings: 2 })
  })

  test('that ends a run gives its duration, if its start has the same run id', () => {
    const started = pinged(fresh, ping('09:00:00', { action: 'start', runId: 'a' }))
    expect(afterPing(started, ping('09:00:30', { runId: 'a' }))).toMatchObject({
      durationMs: 30_000,
      after: { lastStartAt: null, durationsMs: [30_000] },
    })
    expect(afterPing(started, ping('09:00:30', { runId: 'b' }))).toMatchObject({
      durationMs: null,
      after: { lastStartAt: at('09:00:00') },
    })
    expect(afterPing(started, ping('09:00:30', { runId: 'b', action: 'fail' })).after.lastStartAt).toBeNull()
  })
})

describe('clocks and run ids', () => {
  test('a ping whose time is before that of the last one, by the clock of another pod, moves no deadline back', async () => {
    const up = pinged(fresh, ping('09:00:05'), ping('09:00:00'))
    expect(up).toMatchObject({ pings: 2, lastPingAt: at('09:00:05'), expectedAfter: at('09:00:05') })
    const down = pinged(up, ping('09:00:01', { action: 'fail' }))
    expect(down).toMatchObject({ state: 'down', changedAt: at('09:00:05.001') })
  })

  test('a run whose end is before its start, by another clock, took no time', () => {
    const started = pinged(fresh, ping('09:00:05', { action: 'start' }))
    expect(afterPing(started, ping('09:00:00')).durationMs).toBe(0)
  })

  test('a run id that is used twice ends one run, which began with the last start', () => {
    const runId = 'a'
    const started = pinged(
      fresh,
      ping('09:00:00', { action: 'start', runId }),
      ping('09:01:00', { action: 'start', runId }),
    )
    const ended = afterPing(started, ping('09:01:30', { runId }))
    expect(ended.durationMs).toBe(30_000)
    const again = afterPing({ ...started, ...ended.after }, ping('09:02:00', { runId }))
    expect(again).toMatchObject({ durationMs: null, after: { pings: 4, durationsMs: [30_000], state: 'up' } })
  })
})

describe('a run', () => {
  test('is slow if it takes more than three times the median of at least five runs', () => {
    const usual = [10_000, 12_000, 11_000, 9_000, 90_000]
    expect(exceededUsualMs(33_001, usual)).toBe(11_000)
    expect(exceededUsualMs(33_000, usual)).toBeNull()
    expect(exceededUsualMs(500_000, usual.slice(1))).toBeNull()
  })

  test('of less than ten seconds is never slow', () => {
    expect(exceededUsualMs(9_000, [100, 100, 100, 100, 100])).toBeNull()
  })

  test('that is slow is a change, and the next run of the usual time is another one', () => {
    const usual = pinged({ ...fresh, durationsMs: [20_000, 20_000, 20_000, 20_000, 20_000] }, ping('09:00:00'))
    const slow = pinged(usual, ping('10:00:00', { action: 'start' }), ping('10:02:00'))
    expect(slow).toMatchObject({ state: 'up', changedAt: at('10:02:00'), slowRunMs: 120_000, usualRunMs: 20_000 })
    const slower = pinged(slow, ping('11:00:00', { action: 'start' }), ping('11:05:00'))
    expect(slower).toMatchObject({ changedAt: at('10:02:00'), slowRunMs: 300_000 })
    const fast = pinged(slower, ping('12:00:00', { action: 'start' }), ping('12:00:20'))
    expect(fast).toMatchObject({ changedAt: at('12:00:20'), slowRunMs: null, usualRunMs: null })
  })

  test('that is slow stays so after a failure, and after a ping that ends no run', () => {
    const slow = { ...pinged(fresh, ping('09:00:00')), slowRunMs: 120_000, usualRunMs: 20_000 }
    expect(pinged(slow, ping('10:00:00'))).toMatchObject({ changedAt: at('09:00:00'), slowRunMs: 120_000 })
    const failed = pinged(slow, ping('10:00:00', { action: 'start' }), ping('10:00:05', { action: 'fail' }))
    expect(failed).toMatchObject({ state: 'down', slowRunMs: 120_000, usualRunMs: 20_000 })
  })
})

describe('the deadline', () => {
  test('is the last ping, the period and the grace', async () => {
    expect(await lateAt(fresh, hourly)).toBeNull()
    const up = pinged(fresh, ping('09:00:00'))
    expect(await lateAt(up, hourly)).toEqual(at('10:05:00'))
    expect(await lateAt(pinged(up, ping('09:30:00', { action: 'fail' })), hourly)).toBeNull()
  })

  test('of a run that has started is one grace after its start', async () => {
    const started = pinged(fresh, ping('09:00:00'), ping('09:58:00', { action: 'start' }))
    expect(await lateAt(started, hourly)).toEqual(at('10:03:00'))
    expect(afterDeadline(started, at('10:03:00'))).toMatchObject({
      state: 'down',
      changedAt: at('10:03:00'),
      error: 'run-overdue',
      lastStartAt: null,
    })
    expect(await lateAt(pinged(fresh, ping('09:00:00', { action: 'start' })), hourly)).toEqual(at('09:05:00'))
  })

  test('counts from the time at which the monitor was resumed', async () => {
    const up = pinged(fresh, ping('09:00:00'))
    expect(await lateAt({ ...up, activeSince: at('15:00:00') }, hourly)).toEqual(at('16:05:00'))
  })

  test('that passes takes the heartbeat down from the deadline on', () => {
    const up = pinged(fresh, ping('09:00:00'))
    expect(afterDeadline(up, at('10:05:00'))).toMatchObject({
      state: 'down',
      changedAt: at('10:05:00'),
      error: 'no-ping',
      lateAt: null,
    })
  })

  test('of a cron expression is in its time zone, also when the clocks change', async () => {
    const schedule = scheduleOf({ cron: '30 2 * * *', timeZone: 'America/New_York', graceS: 60 })
    expect(await nextExpected(schedule, new Date('2026-11-20T12:00:00Z'))).toEqual(new Date('2026-11-21T07:30:00Z'))
    // On 2026-03-08 the clocks of New York skip the hour from 2 to 3.
    expect(await nextExpected(schedule, new Date('2026-03-08T05:00:00Z'))).toEqual(new Date('2026-03-08T07:00:00Z'))
  })
})

describe('a time in which Vigia could not take pings', () => {
  const deadline = at('10:05:00')
  test.each([
    ['long before the ping was expected', '09:10:00', '09:50:00', false],
    ['that ends shortly before the ping was expected', '09:10:00', '09:55:00', true],
    ['in which the ping was expected', '09:58:00', '10:02:00', true],
    ['that contains the deadline', '10:04:00', '12:00:00', true],
    ['that begins after the deadline', '10:05:01', '12:00:00', false],
  ])('%s: the ping may be lost: %s to %s', (_, from, to, expected) => {
    expect(mayHaveMissed({ from: at(from), to: at(to) }, deadline, hourly)).toBe(expected)
  })

  test('moves the deadline to the next time of the schedule, also of a run that had started', async () => {
    const started = pinged(fresh, ping('09:00:00'), ping('09:58:00', { action: 'start' }))
    expect(await lateAt({ ...started, expectedAfter: at('10:02:00') }, hourly)).toEqual(at('11:07:00'))
  })
})

describe('the settings', () => {
  test('without a grace have a tenth of the period, from one minute to one hour', () => {
    expect(scheduleOf({ periodS: 60 })).toEqual({ periodS: 60, graceS: 60 })
    expect(scheduleOf({ periodS: 3_600 })).toEqual({ periodS: 3_600, graceS: 360 })
    expect(scheduleOf({})).toEqual({ periodS: 86_400, graceS: 3_600 })
    expect(scheduleOf({ cron: '0 3 * * *' })).toEqual({ cron: '0 3 * * *', timeZone: 'UTC', graceS: 3_600 })
  })

  test.each([
    ['0 3 * * *', 'America/Sao_Paulo', true],
    ['*/5 9-17 * * mon-fri', 'UTC', true],
    ['0 3 * *', 'UTC', false],
    ['0 0 3 * * *', 'UTC', false],
    ['61 3 * * *', 'UTC', false],
    ['0 0 31 2 *', 'UTC', false],
    ['0 3 * * *', 'America/Nowhere', false],
  ])('accept %j in %s: %s', async (cron, zone, expected) => {
    expect(await isSchedule(cron, zone, at('09:00:00'))).toBe(expected)
  })
})

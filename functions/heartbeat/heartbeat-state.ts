import type { Heartbeat, HeartbeatState } from '#database/uptime/heartbeats.ts'
import {
  type HeartbeatSchedule,
  type HeartbeatSettings,
  nextExpected,
  scheduleOf,
} from '#functions/checks/heartbeat.ts'
import type { PingAction } from './ping-request.ts'

/** A ping that has arrived. */
export interface Ping {
  at: Date
  action: PingAction
  exitCode: number | null
  runId: string | null
}

/** What a ping leads to: the state after it, and the time that the run took. */
export interface PingEffect {
  after: HeartbeatState
  /** null if the ping ends no run whose start is known. */
  durationMs: number | null
  isSlow: boolean
}

/** A run is slow if it takes more than this many times the median of the last runs. */
const slowFactor = 3
/** Fewer runs say nothing about the usual time. */
const minRuns = 5
/** The runs whose times are kept. */
const keptRuns = 20
/** A run of less than this is never slow, because short times vary by chance. */
const minSlowMs = 10_000
/** The largest time that the column can store. */
const maxDurationMs = 2_147_483_647

/** What the rules need of a heartbeat. */
export type Pinged = HeartbeatState & Pick<Heartbeat, 'activeSince'>

/**
 * The state after a ping, by the rules of Healthchecks: `start` and `log` change no state; the end of a run with the
 * same run id as its start gives the time that the run took. `lateAt` is not set yet.
 */
export const afterPing = (before: Pinged, ping: Ping): PingEffect => {
  const { at, action, exitCode, runId } = ping
  const counted = { ...before, pings: before.pings + 1 }
  if (action === 'log') return { after: counted, durationMs: null, isSlow: false }
  if (action === 'start')
    return { after: { ...counted, lastStartAt: at, lastStartRunId: runId }, durationMs: null, isSlow: false }
  const { lastStartAt, durationsMs } = before
  const endsRun = lastStartAt !== null && before.lastStartRunId === runId
  const durationMs = endsRun ? Math.min(Math.max(0, at.getTime() - lastStartAt.getTime()), maxDurationMs) : null
  const usualMs = durationMs === null ? null : exceededUsualMs(durationMs, durationsMs)
  const isFailure = action === 'fail'
  const isRunOver = endsRun || runId === null || isFailure
  // How long a job takes to fail says nothing about its runs, and neither does a run whose duration is not known.
  const pace =
    isFailure || durationMs === null ? paceOf(before) : paceOf({ slowRunMs: durationMs, usualRunMs: usualMs })
  return {
    after: {
      ...changedTo(counted, isFailure ? 'down' : 'up', pace, at),
      error: isFailure ? 'job-failed' : null,
      exitCode: isFailure ? exitCode : null,
      // The clock of another pod may be ahead.
      lastPingAt: latest(before.lastPingAt, at),
      expectedAfter: latest(before.expectedAfter, at),
      ...(isRunOver && { lastStartAt: null, lastStartRunId: null }),
      durationsMs: durationMs === null ? durationsMs : [...durationsMs, durationMs].slice(-keptRuns),
    },
    durationMs,
    isSlow: usualMs !== null,
  }
}

/** How long the last run took, if it was slow. */
type Pace = Pick<HeartbeatState, 'slowRunMs' | 'usualRunMs'>

const paceOf = ({ slowRunMs, usualRunMs }: Pace): Pace =>
  usualRunMs === null ? { slowRunMs: null, usualRunMs: null } : { slowRunMs, usualRunMs }

/**
 * The heartbeat in a state that was given at `at`. It is a change if the state is another one, or if the runs have
 * become slow or are no longer slow. The same state counts as a change if the monitor was resumed since the last
 * change, because the monitor has forgotten its state. Of two changes in one millisecond, the second counts as one
 * millisecond later, because the time names the change.
 */
const changedTo = (before: Pinged, state: 'up' | 'down', pace: Pace, at: Date): Pinged => {
  const { changedAt, activeSince } = before
  const isSame = state === before.state && (pace.slowRunMs === null) === (before.slowRunMs === null)
  if (isSame && changedAt !== null && changedAt >= activeSince) return { ...before, ...pace }
  return { ...before, ...pace, state, changedAt: changedAt !== null && at <= changedAt ? new Date(+changedAt + 1) : at }
}

/** Whether pings changed nothing but the count and the times of pings. */
export const isSteady = (before: HeartbeatState, after: HeartbeatState): boolean =>
  after.state === before.state &&
  after.changedAt === before.changedAt &&
  after.error === before.error &&
  after.exitCode === before.exitCode &&
  after.lastStartAt === before.lastStartAt &&
  after.lastStartRunId === before.lastStartRunId &&
  after.durationsMs === before.durationsMs &&
  after.slowRunMs === before.slowRunMs &&
  after.usualRunMs === before.usualRunMs

/** If a run took more than three times the median of the runs before it: that median. Otherwise null. */
export const exceededUsualMs = (durationMs: number, earlierMs: readonly number[]): number | null => {
  if (earlierMs.length < minRuns || durationMs < minSlowMs) return null
  const sorted = earlierMs.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return durationMs > slowFactor * median ? Math.round(median) : null
}

/** The schedule in the settings of a heartbeat. */
export const scheduleIn = ({ settings }: Pick<Heartbeat, 'settings'>): HeartbeatSchedule =>
  scheduleOf(settings as HeartbeatSettings)

/**
 * The deadline of the next ping: one grace after the time at which it is expected. A run that has started must end
 * within one grace. null if no ping is expected: before the first one, and while the heartbeat is down.
 */
export const lateAt = async (heartbeat: Pinged, schedule: HeartbeatSchedule): Promise<Date | null> => {
  const { state, lastStartAt, activeSince } = heartbeat
  if (state === 'down') return null
  const after = heartbeat.expectedAfter && later(heartbeat.expectedAfter, activeSince)
  const expected = after && (await nextExpected(schedule, after))
  const isStarted = lastStartAt !== null && lastStartAt >= (after ?? activeSince)
  const times = [expected, isStarted ? lastStartAt : null].filter(time => time !== null)
  return times.length === 0 ? null : new Date(Math.min(...times.map(Number)) + schedule.graceS * 1_000)
}

const later = (one: Date, other: Date) => (one > other ? one : other)

const latest = (known: Date | null, at: Date) => (known === null ? at : later(known, at))

/** A range of time in which Vigia could not take pings. */
export interface Gap {
  from: Date
  to: Date
}

/**
 * Whether a ping may have come during the gap and been lost: the gap overlaps the time in which the ping was expected,
 * from one grace before the expected time until the deadline `lateAt`. The next ping is then expected at the first time
 * of the schedule after the gap, because a healthy job sends it by then. Any other gap changes nothing.
 */
export const mayHaveMissed = ({ from, to }: Gap, lateAt: Date, { graceS }: HeartbeatSchedule): boolean =>
  lateAt >= from && lateAt.getTime() - 2 * graceS * 1_000 <= to.getTime()

/** The heartbeat after its deadline has passed. It counts as down from the deadline on. */
export const afterDeadline = (before: Pinged, deadline: Date): Pinged => ({
  ...changedTo(before, 'down', paceOf(before), deadline),
  error: isRunOverdue(before) ? 'run-overdue' : 'no-ping',
  exitCode: null,
  lastStartAt: null,
  lastStartRunId: null,
  lateAt: null,
})

/** Whether the deadline is that of a run which has started and not ended. */
const isRunOverdue = ({ lastStartAt, expectedAfter }: HeartbeatState) =>
  lastStartAt !== null && (expectedAfter === null || lastStartAt >= expectedAfter)

import type { Monitor } from '#database/uptime/monitors.ts'
import { type ProbeResult, seenAt } from '#database/uptime/probe-results.ts'
import { afterQuality, qualityOf } from './degraded.ts'
import { afterChange, isSteadyAgain } from './flapping.ts'

/** The part of a check's outcome that decides the verdict. */
export interface Finding
  extends Pick<ProbeResult, 'dueAt' | 'ok'>,
    Partial<
      Pick<ProbeResult, 'startedAt' | 'totalMs' | 'warning' | 'slowRunMs' | 'certificateExpiresAt' | 'certificateDays'>
    > {
  /**
   * Whether enough attempts of the check had this result (`check-runner.ts`). One confirmed failure takes a monitor
   * down, and one confirmed success brings it up again.
   */
  confirmed: boolean
}

/**
 * The state that a finding leaves as it is: a monitor in this state stays in it. Null if the finding changes the state
 * of no monitor. Most findings need only this function and not `verdict`: the SQL of `insertUnchanged` compares the
 * returned state with the state in the table.
 */
export const stateConfirmedBy = ({ ok, confirmed }: Pick<Finding, 'ok' | 'confirmed'>): 'up' | 'down' | null =>
  ok ? 'up' : ok === false && confirmed ? 'down' : null

/**
 * The verdict: the monitor as it is after a finding. It ignores a check that could not run (`ok` is null), and a
 * finding that is not newer than the last one that was judged. All dates are those of the observation and not of the
 * slot, because a late check says nothing about the time when its slot was due.
 */
export const verdict = (monitor: Monitor, finding: Finding): Monitor => {
  const { ok, confirmed } = finding
  const at = seenAt(finding)
  if (ok === null || (monitor.judgedAt !== null && at <= monitor.judgedAt)) return monitor
  if (ok) {
    const judged = inState(monitor, confirmed || monitor.state !== 'down' ? 'up' : 'down', at)
    const quality = afterQuality(monitor, qualityOf(finding), at)
    return {
      ...judged,
      ...quality,
      lastOkAt: at,
      version: monitor.version + (quality || judged.version > monitor.version ? 1 : 0),
    }
  }
  return inState(monitor, confirmed ? 'down' : monitor.state, at)
}

const inState = (monitor: Monitor, state: Monitor['state'], at: Date): Monitor => {
  if (state === monitor.state) {
    const judged = { ...monitor, judgedAt: at }
    return isSteadyAgain(monitor, at)
      ? { ...judged, changes: null, settlesAt: null, version: monitor.version + 1 }
      : judged
  }
  // From new to up is not a change between up and down. From new to down counts as one.
  const flapping = monitor.state === 'new' && state === 'up' ? {} : afterChange(monitor, at)
  return { ...monitor, ...flapping, state, stateSince: at, judgedAt: at, version: monitor.version + 1 }
}

/**
 * An observed state may have begun long before the observation, if the observation is later than its slot by more than
 * this time, or later than the previous observation by more than two intervals plus this time.
 */
const lateMs = 10_000

/**
 * Whether the observed state may be older than the observation: the check was late, or slots before it were not
 * checked. The times of a heartbeat are exact.
 */
export const isLate = (
  { kind, judgedAt, intervalS }: Pick<Monitor, 'kind' | 'judgedAt' | 'intervalS'>,
  finding: Finding,
): boolean => {
  if (kind === 'heartbeat') return false
  const at = seenAt(finding).getTime()
  return (
    at - finding.dueAt.getTime() > lateMs ||
    (judgedAt !== null && at - judgedAt.getTime() > 2 * intervalS * 1_000 + lateMs)
  )
}

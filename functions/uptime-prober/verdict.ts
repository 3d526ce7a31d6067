import type { Monitor } from '#database/uptime/monitors.ts'
import { type ProbeResult, seenAt } from '#database/uptime/probe-results.ts'
import { afterChange, isSteadyAgain } from './flapping.ts'

/** What one check found, as far as it matters for the verdict. */
export interface Finding extends Pick<ProbeResult, 'dueAt' | 'ok'>, Partial<Pick<ProbeResult, 'startedAt'>> {
  /** A failure that was looked at again, twice. Only such a one takes a monitor down. */
  confirmed: boolean
}

/** The state in which a monitor stays by such a finding, whatever else is known of it; null: in any. */
export const quietIn = ({ ok, confirmed }: Pick<Finding, 'ok' | 'confirmed'>): 'up' | 'down' | null =>
  ok ? 'up' : ok === false && confirmed ? 'down' : null

/**
 * State and news in, state out. What was seen before the newest that was judged changes nothing; nor does a check that could not look.
 * Every date of the state is that of a look, never of a slot: what was due before we looked says nothing of that time.
 */
export const verdict = (monitor: Monitor, finding: Finding): Monitor => {
  const { ok, confirmed } = finding
  const at = seenAt(finding)
  if (ok === null || (monitor.judgedAt !== null && at <= monitor.judgedAt)) return monitor
  if (ok) return { ...inState(monitor, 'up', at), lastOkAt: at }
  return inState(monitor, confirmed ? 'down' : monitor.state, at)
}

const inState = (monitor: Monitor, state: Monitor['state'], at: Date): Monitor => {
  if (state === monitor.state) {
    const judged = { ...monitor, judgedAt: at }
    return isSteadyAgain(monitor, at)
      ? { ...judged, changes: null, settlesAt: null, version: monitor.version + 1 }
      : judged
  }
  // That a new monitor is up is no change; that it is down is told like one.
  const steadiness = monitor.state === 'new' && state === 'up' ? {} : afterChange(monitor, at)
  return { ...monitor, ...steadiness, state, stateSince: at, judgedAt: at, version: monitor.version + 1 }
}

/** Looks that are so much later than their slot, or than the one before and an interval, may see what began long before. */
const lateMs = 10_000

/** Whether what a finding sees may have been so for a while: the look was late, or slots before it were not looked at. */
export const isLate = ({ judgedAt, intervalS }: Pick<Monitor, 'judgedAt' | 'intervalS'>, finding: Finding): boolean => {
  const at = seenAt(finding).getTime()
  return (
    at - finding.dueAt.getTime() > lateMs ||
    (judgedAt !== null && at - judgedAt.getTime() > 2 * intervalS * 1_000 + lateMs)
  )
}

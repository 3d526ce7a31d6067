import type { Monitor } from '#database/monitors.ts'
import type { ProbeResult } from '#database/probe-results.ts'

/** What one check found, as far as it matters for the verdict. */
export interface Finding extends Pick<ProbeResult, 'dueAt' | 'ok'> {
  /** A failure that was looked at again, twice. Only such a one takes a monitor down. */
  confirmed: boolean
}

/** The state in which a monitor stays by such a finding, whatever else is known of it; null: in any. */
export const quietIn = ({ ok, confirmed }: Pick<Finding, 'ok' | 'confirmed'>): 'up' | 'down' | null =>
  ok ? 'up' : ok === false && confirmed ? 'down' : null

/** State and news in, state out. Older news than what was judged already changes nothing; nor does a check that could not look. */
export const verdict = (monitor: Monitor, { dueAt, ok, confirmed }: Finding): Monitor => {
  if (ok === null || (monitor.judgedAt !== null && dueAt <= monitor.judgedAt)) return monitor
  if (ok) return { ...inState(monitor, 'up', dueAt), lastOkAt: dueAt }
  return inState(monitor, confirmed ? 'down' : monitor.state, dueAt)
}

const inState = (monitor: Monitor, state: Monitor['state'], dueAt: Date): Monitor =>
  state === monitor.state
    ? { ...monitor, judgedAt: dueAt }
    : { ...monitor, state, stateSince: dueAt, judgedAt: dueAt, version: monitor.version + 1 }

import type { HeartbeatSpan } from '#database/uptime/heartbeat-hours.ts'
import type { Heartbeat } from '#database/uptime/heartbeats.ts'
import type { Gap } from './heartbeat-state.ts'

/** What the uptime needs of a heartbeat. */
export type Counted = Pick<
  Heartbeat,
  'monitorId' | 'state' | 'changedAt' | 'activeSince' | 'isPaused' | 'lateAt' | 'countedUntil'
>

/**
 * The time until `until` that the sums of a heartbeat do not have yet; null if there is none. The time after a deadline
 * counts as down, and is counted when the deadline is judged. Without a state since the monitor was added or resumed,
 * nothing counts.
 */
export const uncountedSpan = (heartbeat: Counted, until: Date): HeartbeatSpan | null => {
  const { monitorId, state, changedAt, activeSince, isPaused, lateAt, countedUntil } = heartbeat
  if (state === 'new' || changedAt === null || changedAt < activeSince || isPaused) return null
  const from = countedUntil !== null && countedUntil > changedAt ? countedUntil : changedAt
  const to = lateAt !== null && lateAt < until ? lateAt : until
  return to > from ? { monitorId, state, from, to } : null
}

/** A time in which the ping of a heartbeat may have been lost. What the sums already have of it stays as it is. */
export const unknownSpan = ({ monitorId, countedUntil }: Counted, { from, to }: Gap): HeartbeatSpan => ({
  monitorId,
  state: 'unknown',
  from: countedUntil !== null && countedUntil > from ? countedUntil : from,
  to,
})

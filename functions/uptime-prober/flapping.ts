import type { Monitor } from '#database/uptime/monitors.ts'

/** A monitor is flapping after this many changes between up and down within `windowMs`. */
const changesToFlap = 4
const windowMs = 10 * 60_000
/** The flapping ends after this time without a change. */
const quietMs = 5 * 60_000
/**
 * `windowMs` and `quietMs` are raised to at least this many intervals, because a monitor with a long interval changes
 * slowly.
 */
const windowIntervals = 6
const quietIntervals = 3
/** The upper limits of `windowMs` and `quietMs`. They are needed because outages during flapping are not announced. */
const maxWindowMs = 24 * 3_600_000
const maxQuietMs = 3_600_000

type FlappingState = Pick<Monitor, 'changes' | 'settlesAt'>

const spanMs = (minMs: number, intervals: number, intervalS: number, maxMs: number) =>
  Math.min(maxMs, Math.max(minMs, intervals * intervalS * 1_000))

/**
 * The flapping state after a change between up and down at `at`. `settlesAt` is set when flapping begins, and moved to
 * a later time at each further change.
 */
export const afterChange = (
  { changes, settlesAt, intervalS }: FlappingState & Pick<Monitor, 'intervalS'>,
  at: Date,
): FlappingState => {
  const since = at.getTime() - spanMs(windowMs, windowIntervals, intervalS, maxWindowMs)
  const recent = [...(changes ?? []).filter(change => change.getTime() > since), at].slice(-changesToFlap)
  if (settlesAt === null && recent.length < changesToFlap) return { changes: recent, settlesAt: null }
  return {
    changes: recent,
    settlesAt: new Date(at.getTime() + spanMs(quietMs, quietIntervals, intervalS, maxQuietMs)),
  }
}

/** Whether the flapping is over at the time `at` of a result. The caller knows that the result changes no state. */
export const isSteadyAgain = ({ settlesAt }: FlappingState, at: Date): boolean => settlesAt !== null && at >= settlesAt

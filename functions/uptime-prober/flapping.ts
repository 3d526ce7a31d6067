import type { Monitor } from '#database/uptime/monitors.ts'

/** So many changes between up and down within the window are flapping. */
const changesThatFlap = 4
const windowMs = 10 * 60_000
/** Without a change for so long it is steady again. */
const quietMs = 5 * 60_000
/** A slow monitor changes slowly, so both last at least as long as these many of its intervals … */
const windowIntervals = 6
const quietIntervals = 3
/** … but not so long that an outage, which is not told while a monitor is flapping, stays untold. */
const longestWindowMs = 24 * 3_600_000
const longestQuietMs = 3_600_000

type Steadiness = Pick<Monitor, 'changes' | 'settlesAt'>

const spanMs = (leastMs: number, intervals: number, intervalS: number, mostMs: number) =>
  Math.min(mostMs, Math.max(leastMs, intervals * intervalS * 1_000))

/** What a change between up and down at `at` means: it is one of a few, begins a time of flapping, or prolongs it. */
export const afterChange = (
  { changes, settlesAt, intervalS }: Steadiness & Pick<Monitor, 'intervalS'>,
  at: Date,
): Steadiness => {
  const since = at.getTime() - spanMs(windowMs, windowIntervals, intervalS, longestWindowMs)
  const recent = [...(changes ?? []).filter(change => change.getTime() > since), at].slice(-changesThatFlap)
  if (settlesAt === null && recent.length < changesThatFlap) return { changes: recent, settlesAt: null }
  return {
    changes: recent,
    settlesAt: new Date(at.getTime() + spanMs(quietMs, quietIntervals, intervalS, longestQuietMs)),
  }
}

/** Whether a result of `at` that changes nothing ends a time of flapping. */
export const isSteadyAgain = ({ settlesAt }: Steadiness, at: Date): boolean => settlesAt !== null && at >= settlesAt

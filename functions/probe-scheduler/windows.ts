/** A stretch of time, [from, to). */
export interface TimeRange {
  from: Date
  to: Date
}

/** What to announce, and where that leaves the cursor. */
export interface ScheduleStep {
  /** Ten seconds each. */
  windows: TimeRange[]
  /** Too long ago to be announced: its slots were missed. */
  gap: TimeRange | null
  reached: Date
}

const second = 1_000
const windowMs = 10 * second
/** A tick at :00 announces up to :22, the next one at :10 up to :32: a whole tick may be lost and no check is late. */
const aheadMs = 22 * second
/** Windows this far back are no more announced after a gap of ours. */
const behindMs = 28 * second
/**
 * At most so much is announced before the cursor is moved. So a tick that dies in between leaves at most this stretch in doubt; it is
 * announced once more, under the same ids, and never counted as missed.
 */
const stepMs = 5 * windowMs
/** A cursor further ahead was written when the clock was wrong; the clock of now counts. */
const impossibleMs = 60 * second

const at = (ms: number) => new Date(ms)
const floored = (ms: number) => Math.floor(ms / windowMs) * windowMs

/** When a gap that ends at `to` was noticed: its newest slots are those after which none was due until then. */
export const noticedAt = (gap: TimeRange): Date => at(gap.to.getTime() + behindMs)

/** The next step of the schedule from where the cursor stands; null when everything is announced. */
export const nextStep = (cursor: Date | null, now: Date): ScheduleStep | null => {
  const tick = floored(now.getTime())
  const end = tick + aheadMs
  const stands = cursor?.getTime() ?? tick + aheadMs - 2 * windowMs
  const start = stands > end + impossibleMs ? end - windowMs : stands
  if (start >= end) return null
  const announced = Math.min(start + stepMs, end)
  const windows: TimeRange[] = []
  for (let from = start; from < announced; from += windowMs) windows.push({ from: at(from), to: at(from + windowMs) })
  const resumed = tick - behindMs
  return announced < resumed
    ? { windows, gap: { from: at(announced), to: at(resumed) }, reached: at(resumed) }
    : { windows, gap: null, reached: at(announced) }
}

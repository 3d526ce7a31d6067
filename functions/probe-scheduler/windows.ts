/*
 * The cursor is the end of the announced time. A tick moves the cursor to the horizon, which is 22 s after the tick.
 * Usually the previous tick was 10 s earlier and moved the cursor to 12 s after this tick, so this tick announces one
 * window of 10 s. If no tick ran for a long time, the next tick announces two ranges and leaves out the gap between
 * them:
 *
 *    cursor    cursor + 50 s            tick - 28 s       tick         tick + 22 s
 *  ────┬─────────────┬───────────────────────┬──────────────┬───────────────┬──────────────────▶ time
 *      │  announced  │  the gap: missed      │          announced           │ not announced yet
 */

/** A range of time, [from, to). */
export interface TimeRange {
  from: Date
  to: Date
}

/** One step of the schedule: what to announce, and where the cursor is afterwards. */
export interface ScheduleStep {
  /** Windows of ten seconds. */
  windows: TimeRange[]
  /** The time that is too old to be announced. Its slots are counted as missed. Null if there is no gap. */
  gap: TimeRange | null
  reached: Date
}

const second = 1_000
const windowMs = 10 * second
/** A tick at :00 announces up to :22, the next one at :10 up to :32. So no check is late if one tick is lost. */
const aheadMs = 22 * second
/** After a gap, windows that ended longer ago than this are not announced any more. */
const behindMs = 28 * second
/**
 * The longest range of time that is announced before the cursor moves. If a tick fails before that move, at most this
 * range is announced again, under the same ids. The range of this length after the cursor is never counted as missed,
 * not even after a long gap.
 */
const stepMs = 5 * windowMs
/**
 * If the cursor is further beyond the horizon than this, the cursor comes from a wrong clock. The step then ignores the
 * cursor and starts one window before the horizon.
 */
const maxCursorAheadMs = 60 * second

const at = (ms: number) => new Date(ms)
const startOfWindow = (ms: number) => Math.floor(ms / windowMs) * windowMs

/**
 * The time of the tick that found a gap. If a monitor has no slot between the end of the gap and this tick, its last
 * slot in the gap is still checked, and is not counted as missed.
 */
export const noticedAt = (gap: TimeRange): Date => at(gap.to.getTime() + behindMs)

/**
 * The next step from the cursor; the cursor is null before the first step. Returns null if everything up to the horizon
 * is announced.
 */
export const nextStep = (cursor: Date | null, now: Date): ScheduleStep | null => {
  const tick = startOfWindow(now.getTime())
  const horizon = tick + aheadMs
  const reached = cursor?.getTime() ?? horizon - 2 * windowMs
  const start = reached > horizon + maxCursorAheadMs ? horizon - windowMs : reached
  if (start >= horizon) return null
  const end = Math.min(start + stepMs, horizon)
  const windows: TimeRange[] = []
  for (let from = start; from < end; from += windowMs) windows.push({ from: at(from), to: at(from + windowMs) })
  const resumeAt = tick - behindMs
  return end < resumeAt
    ? { windows, gap: { from: at(end), to: at(resumeAt) }, reached: at(resumeAt) }
    : { windows, gap: null, reached: at(end) }
}

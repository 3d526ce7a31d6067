import type { Check } from '#events/probe-requested.ts'

/**
 * What the prober does with a slot. `wait`: it is not due yet; `probe`: run the check; `missed`: record that it was not
 * checked; `forgotten`: drop it, because the table keeps no results of that day.
 */
export type SlotDisposition = 'wait' | 'probe' | 'missed' | 'forgotten'

const toleratedDelayMs = 30_000
/** One day less than the retention of results, because older partitions may be dropped at any time. */
const retainedMs = 13 * 86_400_000
/** The schedule plans at most 22 s ahead. A slot beyond this limit comes from a wrong clock. */
const maxAheadMs = 60_000

/**
 * A slot is probed up to 30 s after it was due, or for as long as it is the newest slot of its monitor. An older slot
 * is missed. A check that a person requested is always run, however late.
 */
export const slotDisposition = ({ dueAt, intervalS }: Check, onDemand: boolean, now: Date): SlotDisposition => {
  const lateMs = now.getTime() - Date.parse(dueAt)
  if (lateMs < 0) return 'wait'
  if (onDemand || lateMs <= toleratedDelayMs || lateMs < intervalS * 1_000) return 'probe'
  return lateMs < retainedMs ? 'missed' : 'forgotten'
}

/** Whether a slot is so far in the future that the prober returns it to the broker instead of waiting. */
export const isTooFarAhead = (dueMs: number, now: Date): boolean => dueMs - now.getTime() > maxAheadMs

import type { Check } from '#events/probe-requested.ts'

/** What is to be done with a slot that is due or was due. */
export type Fate = 'wait' | 'probe' | 'missed' | 'forgotten'

const toleratedMs = 30_000
/** Results of days whose partition has been dropped have no place any more. */
const rememberedMs = 13 * 86_400_000
/** Longer than any schedule looks ahead: a clock was wrong somewhere. */
const foreseenMs = 60_000

/**
 * A slot is probed when it is due, and late when we were held up: up to half a minute, or as long as it is the monitor's newest.
 * Older ones were missed. What a person asked for is done whenever it comes.
 */
export const fateOf = ({ dueAt, intervalS }: Check, asked: boolean, now: Date): Fate => {
  const lateMs = now.getTime() - Date.parse(dueAt)
  if (lateMs < 0) return 'wait'
  if (asked || lateMs <= toleratedMs || lateMs < intervalS * 1_000) return 'probe'
  return lateMs < rememberedMs ? 'missed' : 'forgotten'
}

/** Whether a slot lies further ahead than one should wait for. */
export const isFarOff = (dueMs: number, now: Date): boolean => dueMs - now.getTime() > foreseenMs

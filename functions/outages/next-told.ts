import type { ToldState, Untold } from '#database/uptime/told-states.ts'

/**
 * What the chats are told now: the state of the monitor, or null if it is held back. What is held back is told later if
 * it is still true then. So each message differs from the one before, and each outage that was told ends with one
 * message. A recovery is held back only by a silence until a time.
 */
export const nextTold = ({
  actual,
  told,
  silence,
  inMaintenance,
  isExplained,
}: Omit<Untold, 'id'>): ToldState | null => {
  if (actual === told || silence === 'timed') return null
  if (actual === 'up') return 'up'
  return silence === 'until-up' || inMaintenance || isExplained ? null : actual
}

/** `away`: TVmaze answers no request. `held`: so many shows have new dates at once that the changes are held back. */
export type Trouble = 'away' | 'held'

/**
 * The last report to the operators: which trouble, when, and by which tick. It is stored in the detail of the cursor.
 */
export interface TroubleReport {
  trouble: Trouble
  at: string
  tick: string
}

const reportIntervalMs = 24 * 60 * 60_000

/**
 * Decides whether this tick fails. A failed tick becomes a dead letter, which reports the trouble to the operators. The
 * first tick with a trouble fails. Its redeliveries fail too, because otherwise the tick would never become a dead
 * letter. Later ticks with the same trouble succeed for a day.
 */
export const reportTrouble = (
  trouble: Trouble,
  last: TroubleReport | null,
  tick: string,
  now: Date,
): { fail: boolean; report: TroubleReport } => {
  if (last?.trouble === trouble) {
    if (last.tick === tick) return { fail: true, report: last }
    if (now.getTime() - Date.parse(last.at) < reportIntervalMs) return { fail: false, report: last }
  }
  return { fail: true, report: { trouble, at: now.toISOString(), tick } }
}

/**
 * Whether the changes were held back for a day. After a day they are saved, because TVmaze would have corrected a
 * mistake within that time.
 */
export const heldLongEnough = (last: TroubleReport | null, now: Date): boolean =>
  last?.trouble === 'held' && now.getTime() - Date.parse(last.at) >= reportIntervalMs

/** `away`: TVMaze answers no request. `held`: so many shows have new dates at once that the changes are held back. */
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
 * Whether this tick fails, which reports its trouble to the operators as a dead letter. The first tick with a trouble
 * fails, and its redeliveries fail too, because otherwise the event would never become a dead letter. Later ticks with
 * the same trouble succeed for a day.
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

/** Changes that were held back for a day are saved, because a mistake of TVMaze would be corrected by then. */
export const heldLongEnough = (last: TroubleReport | null, now: Date): boolean =>
  last?.trouble === 'held' && now.getTime() - Date.parse(last.at) >= reportIntervalMs

/** TVMaze gives nothing; so much moved at once that it was held back. */
export type Trouble = 'away' | 'held'

/** What the operators were told of last, when, and by which tick. */
export interface Told {
  trouble: Trouble
  at: string
  tick: string
}

const AGAIN_MS = 24 * 60 * 60_000

/**
 * Whether this tick tells the operators of its trouble: the first tick of a trouble does (and says so again when it is delivered
 * again, for that is how it gets to the dead letters), the later ones keep silent for a day.
 */
export const telling = (
  trouble: Trouble,
  before: Told | null,
  tick: string,
  now: Date,
): { tell: boolean; told: Told } => {
  if (before?.trouble === trouble) {
    if (before.tick === tick) return { tell: true, told: before }
    if (now.getTime() - Date.parse(before.at) < AGAIN_MS) return { tell: false, told: before }
  }
  return { tell: true, told: { trouble, at: now.toISOString(), tick } }
}

/** What was held back for a day was no mistake. */
export const heldLongEnough = (told: Told | null, now: Date): boolean =>
  told?.trouble === 'held' && now.getTime() - Date.parse(told.at) >= AGAIN_MS

import type { Episode, Show } from '#database/catalogue.ts'

/** What is worth telling of a show that was fetched anew. */
export type Change =
  | { change: 'moved'; episode: Episode; before: Episode }
  | { change: 'ended' }
  | { change: 'returned' }

const HOUR_MS = 60 * 60_000
const DAY_MS = 24 * HOUR_MS
const SOON_MS = 30 * DAY_MS

// Only to compare and sort: a date without an hour counts as its noon.
const roughly = ({ airstamp, airdate }: Episode): number =>
  airstamp !== null
    ? Date.parse(airstamp)
    : airdate === ''
      ? Number.POSITIVE_INFINITY
      : Date.parse(`${airdate}T12:00:00Z`)

const otherDate = (before: Episode, after: Episode): boolean =>
  before.airstamp !== null && after.airstamp !== null
    ? Math.abs(roughly(before) - roughly(after)) >= 12 * HOUR_MS
    : before.airdate !== after.airdate

/** What differs, as far as followers care: the end, the return, and another date of the episode that was next. */
export const changes = (before: Show, after: Show, now: Date): Change[] => {
  const found: Change[] = []
  const moved = movedNext(before, after, now)
  if (moved !== null) found.push(moved)
  if (before.status !== 'Ended' && after.status === 'Ended') found.push({ change: 'ended' })
  if (before.status === 'Ended' && ['Running', 'In Development'].includes(after.status))
    found.push({ change: 'returned' })
  return found
}

const movedNext = (before: Show, after: Show, now: Date): Change | null => {
  const coming = before.episodes
    .filter(episode => roughly(episode) > now.getTime() && roughly(episode) !== Number.POSITIVE_INFINITY)
    .sort((one, other) => roughly(one) - roughly(other))
  const next = coming[0]
  if (next === undefined) return null
  const episode =
    after.episodes.find(({ id }) => id === next.id) ??
    after.episodes.find(({ season, number }) => number !== null && season === next.season && number === next.number)
  if (episode === undefined || !otherDate(next, episode)) return null
  // Moved into the past it is announced as due; and dates far ahead are guesses that nobody waits for yet.
  const soonest = Math.min(roughly(next), roughly(episode))
  if (roughly(episode) <= now.getTime() || soonest > now.getTime() + SOON_MS) return null
  return { change: 'moved', episode, before: next }
}

/** The show after TVMaze said 404 once more. Gone for good is: three times, over at least two days. */
export const struck = (show: Show, now: Date): Show => {
  const missingSince = show.missingSince ?? now.toISOString()
  const strikes = (show.strikes ?? 0) + 1
  const gone = strikes >= 3 && now.getTime() - Date.parse(missingSince) >= 2 * DAY_MS
  return { ...show, missingSince, strikes, fetchedAt: now.toISOString(), ...(gone ? { gone: true } : {}) }
}

/** So many of the shows we looked at have new dates that it is rather TVMaze's mistake than the world's. */
export const suspicious = (moved: number, looked: number): boolean => moved >= 10 && moved > looked * 0.2

const delaysS = [2, 5, 15, 60, 120, 300, 600, 900, 1800, 1800, 1800]

/**
 * The delay before the next attempt, in seconds, after `attempts` attempts that Telegram did not answer. Null after the
 * last attempt, which is about two hours after the first. There are few attempts, because Telegram may have delivered
 * the message at each of them.
 */
export const secondsAfterNoResponse = (attempts: number): number | null => delaysS[attempts - 1] ?? null

const dayS = 24 * 60 * 60

/**
 * The delay before the next attempt, in seconds, after a failure to connect. Null when the message is more than a day
 * old. Telegram cannot have delivered the message, so there are more attempts: the delay is half of the message's age,
 * but at least 2 seconds and at most 5 minutes.
 */
export const secondsAfterNoConnection = (ageS: number): number | null =>
  ageS > dayS ? null : Math.min(Math.max(2, ageS / 2), 300)

const steps = [2, 5, 15, 60, 120, 300, 600, 900, 1800, 1800, 1800]

/**
 * Seconds until a message is tried again after Telegram did not answer for the `attempts`th time, or null when it was
 * tried often enough: after some two hours. Any of the tries may have arrived, so there are few of them.
 */
export const secondsAfterSilence = (attempts: number): number | null => steps[attempts - 1] ?? null

const DAY_S = 24 * 60 * 60

/** The same where no connection stood, so that nothing can have arrived: half of its age, for a day. */
export const secondsWithoutConnection = (ageS: number): number | null =>
  ageS > DAY_S ? null : Math.min(Math.max(2, ageS / 2), 300)

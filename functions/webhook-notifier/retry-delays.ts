const delaysS = [10, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]

/**
 * The seconds before the next attempt after `attempts` attempts. Null after the last one, which is about three days
 * after the first (the times that Standard Webhooks recommends).
 */
export const secondsBeforeRetry = (attempts: number): number | null => delaysS[attempts - 1] ?? null

/** The interval of a monitor if the person names none. */
export const defaultIntervalS = 60
export const minIntervalS = 10
export const maxIntervalS = 86_400

/**
 * The timeout of one attempt in seconds, if the person names none. It is at most half of the interval, because the
 * further attempts that confirm a failure take time too.
 */
export const defaultTimeoutS = (intervalS: number): number => Math.min(10, intervalS / 2)

export const minTimeoutS = 1

/**
 * The longest timeout that a person may name. With 120 s, two attempts and the pause between them fit into the timeout
 * of the uptime-prober's Service and Trigger; the prober then makes no third attempt.
 */
export const maxTimeoutS = (intervalS: number): number => Math.min(intervalS, 120)

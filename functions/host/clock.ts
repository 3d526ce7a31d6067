/** Returns the current time. Functions get a clock as an argument, so that tests control the time. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()

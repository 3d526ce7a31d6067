/** What time it is. An argument everywhere, so that a test decides. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()

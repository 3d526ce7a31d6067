export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** The instant at which each test starts: a Saturday, 09:00 in São Paulo. */
export const start = new Date('2026-11-21T12:00:00Z')

export let now: Date
/** Sets the clock of the tests. */
export const setNow = (date: Date) => {
  now = date
}
export const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
export const at = (ms: number) => new Date(start.getTime() + ms)
export const on = (day: number) => new Date(start.getTime() + day * DAY).toISOString().slice(0, 10)

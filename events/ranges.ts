/** The largest values that the tables take: PostgreSQL's integer, and what a bigint column may hold without losing digits in JavaScript. */
export const maxInteger = 2_147_483_647
export const maxBigint = Number.MAX_SAFE_INTEGER

/** An id in an integer column: TVMaze's ids of shows and episodes. */
export const isShowId = (value: unknown): value is number => isWithin(value, 1, maxInteger)

/** An id in a bigint column: monitors, searches, incidents. */
export const isBigintId = (value: unknown): value is number => isWithin(value, 1, maxBigint)

export const isWithin = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most

const firstInstant = Date.UTC(1900, 0, 1)
const lastInstant = Date.UTC(2200, 0, 1) - 1

/** Whether an instant (milliseconds since 1970) lies in 1900 to 2199: PostgreSQL, JavaScript and Temporal all take it, with room for zones. */
export const isPlausibleInstant = (ms: number): boolean => ms >= firstInstant && ms <= lastInstant

/** Whether `YYYY-MM-DD` is a day of the calendar, from 1900 to 2199. "2026-11-31" and "0000-00-00" are not. */
export const isCalendarDate = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  // Date.parse takes "2026-02-30" for the second of March.
  return isPlausibleInstant(ms) && new Date(ms).toISOString().startsWith(text)
}

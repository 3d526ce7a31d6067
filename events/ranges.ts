/** The largest value of an integer column in PostgreSQL. */
export const maxInteger = 2_147_483_647
/** The largest value of a bigint column that JavaScript can represent exactly. */
export const maxBigint = Number.MAX_SAFE_INTEGER

/** Whether a value is an id that TVmaze may give to a show or an episode and that an integer column can store. */
export const isTvmazeId = (value: unknown): value is number => isWithin(value, 1, maxInteger)

/** Whether a value is an id that a bigint column can store, such as the id of a monitor, a search or an incident. */
export const isBigintId = (value: unknown): value is number => isWithin(value, 1, maxBigint)

/** Whether a value can be Telegram's id of a chat. The ids of groups are negative. */
export const isChatId = (value: unknown): value is number => isWithin(value, -maxBigint, maxBigint) && value !== 0

export const isWithin = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most

const firstInstant = Date.UTC(1900, 0, 1)
const lastInstant = Date.UTC(2200, 0, 1) - 1

/**
 * Whether an instant (milliseconds since 1970) is in the years 1900 to 2199. PostgreSQL, JavaScript and Temporal accept
 * all of these instants in every time zone.
 */
export const isPlausibleInstant = (ms: number): boolean => ms >= firstInstant && ms <= lastInstant

/** Whether the text is `YYYY-MM-DD` of an existing day from 1900 to 2199. "2026-11-31" and "0000-00-00" are not. */
export const isCalendarDate = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  // Date.parse reads "2026-02-30" as March 2.
  return isPlausibleInstant(ms) && new Date(ms).toISOString().startsWith(text)
}

import Type from 'typebox'
import { maxBigint, maxInteger } from './ranges.ts'

/** An id in an integer column. */
export const IntegerId = Type.Integer({ minimum: 1, maximum: maxInteger })

/** An id in a bigint column. */
export const BigintId = Type.Integer({ minimum: 1, maximum: maxBigint })

/** Telegram's id of a chat. The ids of groups are negative. */
export const ChatId = Type.Integer({ minimum: -maxBigint, maximum: maxBigint })

// The fields have patterns instead of formats, because formats would add a library to every bundle. The patterns check
// the lengths of months, and leap years.
const monthAndDay = '((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))'
const leapDay = '((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29'
const date = `((19|20|21)\\d\\d-${monthAndDay}|${leapDay})`
const time = '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)'

/** An instant in RFC 3339, of an existing day in the years 1900 to 2199. */
export const Instant = Type.String({ pattern: `^${date}T${time}$` })

/** `YYYY-MM-DD` of an existing day in the years 1900 to 2199, or '' if no date is known. */
export const DateOrNone = Type.Union([Type.Literal(''), Type.String({ pattern: `^${date}$` })])

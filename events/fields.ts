import Type from 'typebox'
import { maxBigint, maxInteger } from './ranges.ts'

/** An id in an integer column. */
export const IntegerId = Type.Integer({ minimum: 1, maximum: maxInteger })

/** An id in a bigint column. */
export const BigintId = Type.Integer({ minimum: 1, maximum: maxBigint })

/** Telegram's id of a chat; groups have negative ones. */
export const ChatId = Type.Integer({ minimum: -maxBigint, maximum: maxBigint })

/** An instant, RFC 3339, of a day that exists. */
export const Instant = Type.String({ format: 'date-time', maxLength: 35 })

/** `YYYY-MM-DD` of a day that exists, or '' where no date is known. */
export const DateOrNone = Type.Union([Type.Literal(''), Type.String({ format: 'date' })])

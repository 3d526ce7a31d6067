import { jsonDepth } from '#functions/host/json-depth.ts'
import type { Update } from './deferred-update.ts'

/** An update from a request's body. `refusal` is the reason why the update cannot be handled and cannot be stored. */
export interface DecodedUpdate {
  update: Update
  refusal?: string
}

/** Telegram's own updates have about ten levels. Much deeper JSON overflows the stack of recursive code. */
const maxLevels = 64

/**
 * The update in a request's body; null if the body is not JSON, or has no `update_id` that is a whole number from 0 to
 * 2^53 - 1.
 */
export const decodeUpdate = (body: Buffer): DecodedUpdate | null => {
  const text = body.toString()
  let update: Update | null
  try {
    update = JSON.parse(text) as Update | null
  } catch {
    return null
  }
  if (!Number.isSafeInteger(update?.update_id) || update!.update_id < 0) return null
  const levels = jsonDepth(body)
  if (levels > maxLevels) return { update: update!, refusal: `its JSON is ${levels} levels deep` }
  // NUL and half surrogate pairs can only come from escapes: JSON allows no unescaped NUL, and decoding UTF-8 replaced
  // invalid bytes.
  return { update: /\\u(?:0000|d[89a-f])/i.test(text) ? (cleaned(update) as Update) : update! }
}

/**
 * Removes NUL, which PostgreSQL refuses. Replaces half surrogate pairs, which PostgreSQL and Telegram refuse, with
 * U+FFFD.
 */
const cleaned = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '')
  if (Array.isArray(value)) return value.map(cleaned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [cleaned(name), cleaned(part)]))
}

import { jsonDepth } from '#functions/host/json-depth.ts'
import type { Update } from './deferral.ts'

/** An update that was received; `refusal` says why it can be neither handled nor kept as it is. */
export interface Received {
  update: Update
  refusal?: string
}

/** Telegram's own updates are some ten levels deep. What is deeper overflows the stack of everything that walks through it. */
const MOST_LEVELS = 64

/** The update in a request's body; null for what is not one: no JSON, or no `update_id` that is a whole number from 0 to 2^53 - 1. */
export const readUpdate = (body: Buffer): Received | null => {
  const text = body.toString()
  let update: Update | null
  try {
    update = JSON.parse(text) as Update | null
  } catch {
    return null
  }
  if (!Number.isSafeInteger(update?.update_id) || update!.update_id < 0) return null
  const levels = jsonDepth(body)
  if (levels > MOST_LEVELS) return { update: update!, refusal: `its JSON is ${levels} levels deep` }
  // Only escapes bring these characters: as bytes they were replaced when the body became text.
  return { update: /\\u(?:0000|d[89a-f])/i.test(text) ? (cleaned(update) as Update) : update! }
}

/** Without NUL, which PostgreSQL does not take, and with U+FFFD for half a surrogate pair, which neither it nor Telegram takes. */
const cleaned = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '')
  if (Array.isArray(value)) return value.map(cleaned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [cleaned(name), cleaned(part)]))
}

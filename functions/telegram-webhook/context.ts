import type { Allowances } from '#database/chats/allowances.ts'
import type { Chat, Chats } from '#database/chats/chats.ts'
import type { Catalogue } from '#database/series/catalogue.ts'
import type { Follows } from '#database/series/follows.ts'
import type { Searches } from '#database/series/searches.ts'
import type { Monitors } from '#database/uptime/monitors.ts'
import type { ProbeHours } from '#database/uptime/probe-hours.ts'
import type { Cause } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Tvmaze } from '#functions/tvmaze/client.ts'
import type { Place } from './bot.ts'
import type { Limits } from './limits.ts'
import type { Words } from './words/words.ts'

/** What the bot may touch while it answers. */
export interface Desk {
  chats: Chats
  follows: Follows
  searches: Searches
  monitors: Monitors
  looks: Allowances
  probeHours: ProbeHours
  catalogue: Pick<Catalogue, 'show' | 'shows'>
  tvmaze: Pick<Tvmaze, 'search' | 'card'>
  /** Whether an IP address, written out in a URL, is one that we watch at all: private ones are not. */
  mayDial(address: string): Promise<boolean>
  /** An address of a host, in a moment; null where it has none, or none that is found in time. */
  addressOf(host: string): Promise<string | null>
  limits: Limits
  clock: Clock
  /** Hears of what was worked around: the catalogue was away, and the answer did without. */
  warn(message: string, error: unknown): void
}

/** One turn of a conversation: who asks where, how to word the answer, and the cause of the events it leads to. */
export interface Turn {
  desk: Desk
  chat: Chat
  place: Place
  words: Words
  cause: Cause
}

/** A person waits, so nothing is waited for longer than this. */
export const PATIENCE_MS = { tvmaze: 7_500, catalogue: 3_000 }

export class TookTooLong extends Error {
  override readonly name = 'TookTooLong'
}

/** The promise, or TookTooLong after `ms`; what it still does is nobody's concern then. */
export const within = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong(`${what} gave no answer within ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * What the catalogue says, or null when it cannot be asked. Whatever went wrong there, the chat's own things are in PostgreSQL
 * and most of the answer can be given without it.
 */
export const fromCatalogue = async <T>(
  desk: Desk,
  ask: (catalogue: Desk['catalogue']) => Promise<T>,
): Promise<{ found: T } | null> => {
  try {
    return { found: await within(PATIENCE_MS.catalogue, 'the catalogue', ask(desk.catalogue)) }
  } catch (error) {
    desk.warn('the catalogue could not be asked', error)
    return null
  }
}

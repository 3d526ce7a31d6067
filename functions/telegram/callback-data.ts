import type { Language } from '#database/chats/language.ts'
import { isBigintId, isPlausibleInstant, isTvmazeId, isWithin } from '#events/ranges.ts'

/** The position of a card: the search, and the index of the hit in it (from 0). */
export interface CardPlace {
  search: number
  at: number
}

/**
 * What a pressed button means. It contains ids and never state, because the state in the database may have changed
 * since the button was sent.
 */
export type Press =
  /** Shows hit `at` of a search. Asks TVMaze again if it did not answer before. */
  | ({ act: 'card' } & CardPlace)
  | ({ act: 'follow'; show: number } & CardPlace)
  | ({ act: 'unfollow'; show: number } & CardPlace)
  | ({ act: 'refollow'; show: number; followedAt: Date } & CardPlace)
  | { act: 'series'; page: number }
  | { act: 'remove'; show: number; page: number }
  | { act: 'restore'; show: number; page: number; followedAt: Date }
  | { act: 'upcoming'; days: number; page: number }
  | { act: 'today' }
  | { act: 'monitors'; page: number }
  | { act: 'monitor'; monitor: number }
  | { act: 'check'; monitor: number }
  | { act: 'pause'; monitor: number }
  | { act: 'resume'; monitor: number }
  /** First step: asks for confirmation. */
  | { act: 'delete'; monitor: number }
  /** Second step: deletes. */
  | { act: 'deleteNow'; monitor: number }
  | { act: 'language'; language: Language }
  | { act: 'zones' }
  | { act: 'zone'; zone: string }
  /** Explains how to search. */
  | { act: 'howToSearch' }
  /** A button that only shows a text: a page number, "following ✓". */
  | { act: 'nothing' }

type Letters = Record<Press['act'], string>

/** One letter each, because Telegram allows 64 bytes. Within a version, a letter never changes its meaning. */
const letters = {
  card: 's',
  follow: 'f',
  unfollow: 'u',
  refollow: 'r',
  series: 'l',
  remove: 'd',
  restore: 'b',
  upcoming: 'n',
  today: 't',
  monitors: 'm',
  monitor: 'o',
  check: 'c',
  pause: 'p',
  resume: 'g',
  delete: 'x',
  deleteNow: 'y',
  language: 'i',
  zones: 'h',
  zone: 'z',
  howToSearch: 'q',
  nothing: '-',
} as const satisfies Letters

const version = 'v1'

const written = (...parts: (string | number)[]) => [version, ...parts].join(':')
const date = (at: Date) => at.getTime().toString(36)

/** Encodes a press as the callback data of its button, at most 64 bytes: `v1:f:82:1234:0`. */
export const encode = (press: Press): string => {
  const letter = letters[press.act]
  switch (press.act) {
    case 'card':
      return written(letter, press.search, press.at)
    case 'follow':
    case 'unfollow':
      return written(letter, press.show, press.search, press.at)
    case 'refollow':
      return written(letter, press.show, press.search, press.at, date(press.followedAt))
    case 'series':
    case 'monitors':
      return written(letter, press.page)
    case 'remove':
      return written(letter, press.show, press.page)
    case 'restore':
      return written(letter, press.show, press.page, date(press.followedAt))
    case 'upcoming':
      return written(letter, press.days, press.page)
    case 'monitor':
    case 'check':
    case 'pause':
    case 'resume':
    case 'delete':
    case 'deleteNow':
      return written(letter, press.monitor)
    case 'language':
      return written(letter, press.language)
    case 'zone':
      return written(letter, press.zone)
    case 'today':
    case 'zones':
    case 'howToSearch':
    case 'nothing':
      return written(letter)
    default:
      return press satisfies never
  }
}

const acts = new Map(Object.entries(letters).map(([act, letter]) => [letter as string, act as Press['act']]))

/** The highest page, or index in a list, that a button can contain. */
const maxPlace = 9_999

// Refuse numbers that do not fit into the tables' columns, because a query with such a number fails.
const number =
  (accepts: (value: number) => boolean) =>
  (text: string | undefined): number => {
    const value = /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN
    if (!accepts(value)) throw new InvalidData()
    return value
  }
const showId = number(isTvmazeId)
const rowId = number(isBigintId)
const place = number(value => isWithin(value, 0, maxPlace))
const instant = (text: string | undefined): Date => {
  const ms = /^[\da-z]{1,9}$/.test(text ?? '') ? Number.parseInt(text!, 36) : Number.NaN
  if (!isPlausibleInstant(ms)) throw new InvalidData()
  return new Date(ms)
}

class InvalidData extends Error {}

/**
 * Decodes callback data. Returns null for data that is not ours or is of an unknown version. The data is not trusted: a
 * client can send any text.
 */
export const decode = (data: string): Press | null => {
  const [dataVersion, letter, ...parts] = data.split(':')
  const act = dataVersion === version ? acts.get(letter ?? '') : undefined
  if (act === undefined) return null
  try {
    const press = read(act, parts)
    return encode(press) === data ? press : null
  } catch (error) {
    if (error instanceof InvalidData) return null
    throw error
  }
}

const read = (act: Press['act'], [first, second, third, fourth]: string[]): Press => {
  switch (act) {
    case 'card':
      return { act, search: rowId(first), at: place(second) }
    case 'follow':
    case 'unfollow':
      return { act, show: showId(first), search: rowId(second), at: place(third) }
    case 'refollow':
      return { act, show: showId(first), search: rowId(second), at: place(third), followedAt: instant(fourth) }
    case 'series':
    case 'monitors':
      return { act, page: place(first) }
    case 'remove':
      return { act, show: showId(first), page: place(second) }
    case 'restore':
      return { act, show: showId(first), page: place(second), followedAt: instant(third) }
    case 'upcoming':
      return { act, days: place(first), page: place(second) }
    case 'monitor':
    case 'check':
    case 'pause':
    case 'resume':
    case 'delete':
    case 'deleteNow':
      return { act, monitor: rowId(first) }
    case 'language':
      if (first !== 'pt-BR' && first !== 'en') throw new InvalidData()
      return { act, language: first }
    case 'zone':
      if (first === undefined || !/^[\w+\-/]{1,50}$/.test(first)) throw new InvalidData()
      return { act, zone: first }
    case 'today':
    case 'zones':
    case 'howToSearch':
    case 'nothing':
      return { act }
    default:
      return act satisfies never
  }
}

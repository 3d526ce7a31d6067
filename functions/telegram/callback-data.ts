import { type KeyScope, keyScopes } from '#database/chats/api-keys.ts'
import type { Language } from '#database/chats/language.ts'
import { type PostStatus, postStatuses } from '#database/pages/posts.ts'
import type { ReportSetting } from '#database/reports/report-settings.ts'
import { type Answer, answers } from '#database/uptime/incident-answers.ts'
import { isBigintId, isChatId, isPlausibleInstant, isTvmazeId, isWithin } from '#events/ranges.ts'

export const silenceChoices = ['hour', 'morning', 'recovery', 'none'] as const
export type SilenceChoice = (typeof silenceChoices)[number]

export const reminders = ['hour', 'night'] as const
/** When a person wants to be reminded: in an hour, or in the evening. */
export type Reminder = (typeof reminders)[number]

/** The episodes of one season, from the first to the last number; 0 to 0 for episodes without numbers. */
export interface EpisodeRange {
  show: number
  season: number
  first: number
  last: number
}

/** What a person does with an import: sees it, chooses, follows, discards, undoes. */
export const importSteps = ['review', 'check', 'apply', 'cancel', 'undo'] as const
export type ImportStep = (typeof importSteps)[number]
export const webhookChanges = ['test', 'rotate', 'enable', 'delete'] as const
export type WebhookChange = (typeof webhookChanges)[number]

export const calendarChanges = ['make', 'revoke'] as const
export type CalendarChange = (typeof calendarChanges)[number]

/** The position of a card: the id of the search, and the index of the hit among its results (from 0). */
export interface CardPosition {
  search: number
  at: number
}

/**
 * What a pressed button means. It contains ids and never state, because the state in the database may have changed
 * since the button was sent.
 */
export type Press =
  /** Displays the hit with the index `at` of a search. Asks TVmaze again if TVmaze did not answer the search. */
  | ({ act: 'card' } & CardPosition)
  | ({ act: 'follow'; show: number } & CardPosition)
  | ({ act: 'unfollow'; show: number } & CardPosition)
  | ({ act: 'refollow'; show: number; followedAt: Date } & CardPosition)
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
  /** Restores a monitor that was deleted. */
  | { act: 'undelete'; removed: number }
  /** Shows for how long a monitor can be silenced. */
  | { act: 'silences'; monitor: number }
  /** Silences a monitor: an hour, until the morning, until it is up again; `none` ends the silence. */
  | { act: 'silence'; monitor: number; until: SilenceChoice }
  /** Answers the message about an outage. */
  | { act: 'answer'; incident: number; answer: Answer }
  /** Lists the outages of all monitors. */
  | { act: 'incidents'; page: number }
  /** Explains the uptime of a monitor. */
  | { act: 'why'; monitor: number; days: 1 | 30 }
  /** Begins maintenance of all monitors now. */
  | { act: 'maintain'; minutes: number }
  | { act: 'endMaintenance'; window: number }
  /** Cancels planned maintenance. */
  | { act: 'cancelMaintenance'; plan: number }
  /** Shows a page of what maintenance can be planned for. */
  | { act: 'maintenanceFor'; page: number }
  /** Plans maintenance step by step. A part that is not chosen yet is `-`. */
  | { act: 'plan'; scope: string; day: string; hour: string; minutes: string }
  /** Begins to set up a monitor by buttons. */
  | { act: 'newMonitor' }
  /** Begins to change a monitor by buttons. */
  | { act: 'edit'; monitor: number }
  | { act: 'rename'; monitor: number }
  /** Shows a step of the draft of a monitor: a field, or `review`. */
  | { act: 'draft'; draft: number; step: string }
  /** Fills in a field of a draft. */
  | { act: 'fill'; draft: number; step: string; value: string }
  | { act: 'saveDraft'; draft: number }
  | { act: 'cancelDraft'; draft: number }
  /** Lists the status pages of the chat. */
  | { act: 'statusPages' }
  | { act: 'statusPage'; id: number }
  | { act: 'newStatusPage' }
  /** Changes a field of a status page. */
  | { act: 'setStatusPage'; id: number; field: string; value: string }
  /** Lists the monitors that a status page can show. */
  | { act: 'pageMonitors'; id: number; page: number }
  /** First step: asks for confirmation. */
  | { act: 'deletePage'; id: number }
  | { act: 'deletePageNow'; id: number }
  /** Gives a link to a status page for the members of its chat. */
  | { act: 'openPage'; id: number }
  /** Ends the subscription to a status page, or to one of its services. */
  | { act: 'unsubscribe'; id: number; monitor?: number }
  /** Lists the subscriptions to status pages. */
  | { act: 'subscriptions'; page: number }
  /** Ends a subscription of the list; the monitor is 0 for the whole page. */
  | { act: 'endSubscription'; id: number; monitor: number }
  /** Makes an API key of a chat, or revokes one. */
  | { act: 'makeKey'; chat: number; scope: KeyScope }
  | { act: 'revokeKey'; chat: number; key: number }
  /** Tests, changes or deletes a webhook of a chat. */
  | { act: 'webhook'; chat: number; id: number; change: WebhookChange }
  /** Posts the next status of a matter to a status page. */
  | { act: 'post'; id: number; status: PostStatus }
  /** Changes, publishes or discards the draft of a post. */
  | { act: 'setPost'; id: number; field: string; value: string }
  /** Changes how much a post of a thread says that services are affected. */
  | { act: 'setPosted'; id: number; field: string; value: string }
  /** Shows when the chat is told about a series; 0 for all series. */
  | { act: 'notices'; show: number }
  /** Lists the series of the chat, to choose one whose notices are shown. */
  | { act: 'noticeSeries'; page: number }
  /** Lists the countries and channels of the chat's series, to choose those that are told. */
  | { act: 'noticeSchedules'; page: number }
  /** Changes a field of that setting. */
  | { act: 'setNotices'; show: number; field: string; value: string }
  /** Marks the episodes of a notice as seen. */
  | ({ act: 'seen' } & EpisodeRange)
  | ({ act: 'unseen' } & EpisodeRange)
  /** Sends the notice again later. */
  | ({ act: 'remind'; when: Reminder } & EpisodeRange)
  /** Mutes the series of a notice. */
  | ({ act: 'muteShow' } & EpisodeRange)
  /** Lists what is not seen yet. */
  | { act: 'watchlist'; page: number }
  /** Makes the calendar of the chat, or revokes its address. */
  | { act: 'calendar'; change: CalendarChange }
  /** Marks an episode of that list as seen. */
  | { act: 'seenInList'; show: number; season: number; number: number; page: number }
  /** Goes on with the import of a file. */
  | { act: 'import'; id: number; step: ImportStep }
  /** Chooses the series that a series of the file is; 0 for none. */
  | { act: 'importChoice'; id: number; position: number; show: number }
  /** Deletes everything of the chat, or keeps it. */
  | { act: 'erase'; answer: 'yes' | 'no' }
  /** Sets who may change the settings of a group. */
  | { act: 'rights'; who: 'administrators' | 'everyone' }
  | { act: 'language'; language: Language }
  | { act: 'zones' }
  | { act: 'zone'; zone: string }
  /** Stores the whole setting of reports. */
  | ({ act: 'report' } & ReportSetting)
  /** Explains how to search. */
  | { act: 'howToSearch' }
  /** A button that only shows a text: a page number, "following ✓". */
  | { act: 'nothing' }

type Letters = Record<Press['act'], string>

/**
 * The letter of each act in callback data. Letters keep the data short, because Telegram allows 64 bytes. Within a
 * version, a letter never changes its meaning.
 */
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
  undelete: 'Y',
  silences: 'G',
  silence: 'H',
  answer: 'k',
  incidents: 'I',
  why: 'W',
  maintain: 'M',
  endMaintenance: 'F',
  cancelMaintenance: 'C',
  maintenanceFor: 'B',
  plan: 'K',
  newMonitor: 'N',
  edit: 'e',
  rename: 'rn',
  draft: 'w',
  fill: 'v',
  saveDraft: 'j',
  cancelDraft: 'J',
  statusPages: 'P',
  statusPage: 'Q',
  newStatusPage: 'R',
  setStatusPage: 'S',
  pageMonitors: 'T',
  deletePage: 'D',
  deletePageNow: 'E',
  openPage: 'Z',
  unsubscribe: 'U',
  subscriptions: 'L',
  endSubscription: '9',
  makeKey: 'A',
  revokeKey: 'V',
  webhook: 'hk',
  post: 'O',
  setPost: 'X',
  setPosted: 'i2',
  notices: '0',
  setNotices: '1',
  noticeSeries: '2',
  noticeSchedules: 'ns',
  seen: '3',
  unseen: '4',
  remind: '5',
  muteShow: '6',
  watchlist: '7',
  seenInList: '8',
  calendar: 'ag',
  import: 'im',
  importChoice: 'ic',
  erase: 'er',
  rights: 'rt',
  language: 'i',
  zones: 'h',
  zone: 'z',
  report: 'a',
  howToSearch: 'q',
  nothing: '-',
} as const satisfies Letters

const version = 'v1'

const joinParts = (...parts: (string | number)[]) => [version, ...parts].join(':')
const encodeInstant = (at: Date) => at.getTime().toString(36)

/** Encodes a press as the callback data of its button, at most 64 bytes: `v1:f:82:1234:0`. */
export const encode = (press: Press): string => {
  const letter = letters[press.act]
  switch (press.act) {
    case 'card':
      return joinParts(letter, press.search, press.at)
    case 'follow':
    case 'unfollow':
      return joinParts(letter, press.show, press.search, press.at)
    case 'refollow':
      return joinParts(letter, press.show, press.search, press.at, encodeInstant(press.followedAt))
    case 'series':
    case 'monitors':
    case 'incidents':
    case 'maintenanceFor':
    case 'noticeSchedules':
    case 'noticeSeries':
    case 'subscriptions':
    case 'watchlist':
      return joinParts(letter, press.page)
    case 'remove':
      return joinParts(letter, press.show, press.page)
    case 'restore':
      return joinParts(letter, press.show, press.page, encodeInstant(press.followedAt))
    case 'upcoming':
      return joinParts(letter, press.days, press.page)
    case 'monitor':
    case 'check':
    case 'pause':
    case 'resume':
    case 'delete':
    case 'deleteNow':
    case 'edit':
    case 'rename':
    case 'silences':
      return joinParts(letter, press.monitor)
    case 'undelete':
      return joinParts(letter, press.removed)
    case 'silence':
      return joinParts(letter, press.monitor, press.until)
    case 'answer':
      return joinParts(letter, press.incident, press.answer)
    case 'maintain':
      return joinParts(letter, press.minutes)
    case 'endMaintenance':
      return joinParts(letter, press.window)
    case 'cancelMaintenance':
      return joinParts(letter, press.plan)
    case 'plan':
      return joinParts(letter, press.scope, press.day, press.hour, press.minutes)
    case 'why':
      return joinParts(letter, press.monitor, press.days)
    case 'draft':
      return joinParts(letter, press.draft, press.step)
    case 'fill':
      return joinParts(letter, press.draft, press.step, press.value)
    case 'saveDraft':
    case 'cancelDraft':
      return joinParts(letter, press.draft)
    case 'statusPage':
    case 'deletePage':
    case 'deletePageNow':
    case 'openPage':
      return joinParts(letter, press.id)
    case 'unsubscribe':
      return joinParts(letter, press.id, ...(press.monitor === undefined ? [] : [press.monitor]))
    case 'endSubscription':
      return joinParts(letter, press.id, press.monitor)
    case 'setStatusPage':
    case 'setPost':
    case 'setPosted':
      return joinParts(letter, press.id, press.field, press.value)
    case 'post':
      return joinParts(letter, press.id, press.status)
    case 'pageMonitors':
      return joinParts(letter, press.id, press.page)
    case 'makeKey':
      return joinParts(letter, press.chat, press.scope)
    case 'revokeKey':
      return joinParts(letter, press.chat, press.key)
    case 'notices':
      return joinParts(letter, press.show)
    case 'setNotices':
      return joinParts(letter, press.show, press.field, press.value)
    case 'seen':
    case 'unseen':
    case 'muteShow':
      return joinParts(letter, press.show, press.season, press.first, press.last)
    case 'remind':
      return joinParts(letter, press.show, press.season, press.first, press.last, press.when)
    case 'seenInList':
      return joinParts(letter, press.show, press.season, press.number, press.page)
    case 'import':
      return joinParts(letter, press.id, press.step)
    case 'importChoice':
      return joinParts(letter, press.id, press.position, press.show)
    case 'erase':
      return joinParts(letter, press.answer)
    case 'webhook':
      return joinParts(letter, press.chat, press.id, press.change)
    case 'rights':
      return joinParts(letter, press.who)
    case 'calendar':
      return joinParts(letter, press.change)
    case 'language':
      return joinParts(letter, press.language)
    case 'zone':
      return joinParts(letter, press.zone)
    case 'report':
      return joinParts(letter, press.frequency, press.weekday, press.hour, press.theme)
    case 'today':
    case 'newMonitor':
    case 'statusPages':
    case 'newStatusPage':
    case 'zones':
    case 'howToSearch':
    case 'nothing':
      return joinParts(letter)
    default:
      return press satisfies never
  }
}

const acts = new Map(Object.entries(letters).map(([act, letter]) => [letter as string, act as Press['act']]))

/** The highest page, or index in a list, that a button can contain. */
const maxIndex = 9_999

// Numbers that do not fit into the tables' columns are refused, because PostgreSQL refuses a query with them.
const number =
  (accepts: (value: number) => boolean) =>
  (text: string | undefined): number => {
    const value = /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN
    if (!accepts(value)) throw new InvalidData()
    return value
  }
const showId = number(isTvmazeId)
const showOrAll = number(value => value === 0 || isTvmazeId(value))
const season = number(value => isWithin(value, 0, maxIndex))
const episode = number(value => isWithin(value, 0, 99_999))
/** A notice has at most this many episodes. */
const maxRange = 500
const episodeRange = (...[show, ofSeason, first, last]: (string | undefined)[]): EpisodeRange => {
  const range = { show: showId(show), season: season(ofSeason), first: episode(first), last: episode(last) }
  if (range.last < range.first || range.last - range.first >= maxRange) throw new InvalidData()
  return range
}
const rowId = number(isBigintId)
const index = number(value => isWithin(value, 0, maxIndex))
const chatId = (text: string | undefined): number => {
  const value = /^-?\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN
  if (!isChatId(value)) throw new InvalidData()
  return value
}
const instant = (text: string | undefined): Date => {
  const ms = /^[\da-z]{1,9}$/.test(text ?? '') ? Number.parseInt(text!, 36) : Number.NaN
  if (!isPlausibleInstant(ms)) throw new InvalidData()
  return new Date(ms)
}

/** The name of a field, or a value in a button. The function that handles the press knows which ones exist. */
const word = (text: string | undefined, maxLength = 16): string => {
  if (!/^[a-z\d-]+$/i.test(text ?? '') || text!.length > maxLength) throw new InvalidData()
  return text!
}

const oneOf = <Word extends string>(words: readonly Word[], text: string | undefined): Word => {
  const word = words.find(each => each === text)
  if (word === undefined) throw new InvalidData()
  return word
}

class InvalidData extends Error {}

/**
 * Decodes callback data. Returns null for data that Vigia did not create, or whose version is unknown. The data is not
 * trusted, because a client can send any text.
 */
export const decode = (data: string): Press | null => {
  const [dataVersion, letter, ...parts] = data.split(':')
  const act = dataVersion === version ? acts.get(letter ?? '') : undefined
  if (act === undefined) return null
  try {
    const press = parsePress(act, parts)
    return encode(press) === data ? press : null
  } catch (error) {
    if (error instanceof InvalidData) return null
    throw error
  }
}

const parsePress = (act: Press['act'], [first, second, third, fourth, fifth]: string[]): Press => {
  switch (act) {
    case 'card':
      return { act, search: rowId(first), at: index(second) }
    case 'follow':
    case 'unfollow':
      return { act, show: showId(first), search: rowId(second), at: index(third) }
    case 'refollow':
      return { act, show: showId(first), search: rowId(second), at: index(third), followedAt: instant(fourth) }
    case 'series':
    case 'monitors':
    case 'incidents':
    case 'maintenanceFor':
    case 'noticeSchedules':
    case 'noticeSeries':
    case 'subscriptions':
    case 'watchlist':
      return { act, page: index(first) }
    case 'remove':
      return { act, show: showId(first), page: index(second) }
    case 'restore':
      return { act, show: showId(first), page: index(second), followedAt: instant(third) }
    case 'upcoming':
      return { act, days: index(first), page: index(second) }
    case 'monitor':
    case 'check':
    case 'pause':
    case 'resume':
    case 'delete':
    case 'deleteNow':
    case 'edit':
    case 'rename':
    case 'silences':
      return { act, monitor: rowId(first) }
    case 'undelete':
      return { act, removed: rowId(first) }
    case 'silence':
      return { act, monitor: rowId(first), until: oneOf(silenceChoices, second) }
    case 'answer':
      return { act, incident: rowId(first), answer: oneOf(answers, second) }
    case 'maintain':
      return { act, minutes: number(value => isWithin(value, 1, 7 * 24 * 60))(first) }
    case 'endMaintenance':
      return { act, window: rowId(first) }
    case 'cancelMaintenance':
      return { act, plan: rowId(first) }
    case 'plan':
      return { act, scope: word(first), day: word(second, 8), hour: word(third, 2), minutes: word(fourth, 4) }
    case 'why':
      return { act, monitor: rowId(first), days: oneOf(['1', '30'], second) === '1' ? 1 : 30 }
    case 'draft':
      return { act, draft: rowId(first), step: word(second) }
    case 'fill':
      return { act, draft: rowId(first), step: word(second), value: word(third) }
    case 'saveDraft':
    case 'cancelDraft':
      return { act, draft: rowId(first) }
    case 'statusPage':
    case 'deletePage':
    case 'deletePageNow':
    case 'openPage':
      return { act, id: rowId(first) }
    case 'unsubscribe':
      return { act, id: rowId(first), ...(second !== undefined && { monitor: rowId(second) }) }
    case 'endSubscription':
      return { act, id: rowId(first), monitor: second === '0' ? 0 : rowId(second) }
    case 'setStatusPage':
      return { act, id: rowId(first), field: word(second), value: word(third) }
    case 'setPost':
    case 'setPosted':
      return { act, id: rowId(first), field: word(second), value: word(third, 32) }
    case 'post':
      return { act, id: rowId(first), status: oneOf(postStatuses, second) }
    case 'pageMonitors':
      return { act, id: rowId(first), page: index(second) }
    case 'makeKey':
      return { act, chat: chatId(first), scope: oneOf(keyScopes, second) }
    case 'revokeKey':
      return { act, chat: chatId(first), key: rowId(second) }
    case 'notices':
      return { act, show: showOrAll(first) }
    case 'setNotices':
      return { act, show: showOrAll(first), field: word(second), value: word(third) }
    case 'seen':
    case 'unseen':
    case 'muteShow':
      return { act, ...episodeRange(first, second, third, fourth) }
    case 'remind':
      return { act, ...episodeRange(first, second, third, fourth), when: oneOf(reminders, fifth) }
    case 'seenInList':
      return { act, show: showId(first), season: season(second), number: episode(third), page: index(fourth) }
    case 'import':
      return { act, id: rowId(first), step: oneOf(importSteps, second) }
    case 'importChoice':
      return { act, id: rowId(first), position: index(second), show: showOrAll(third) }
    case 'erase':
      return { act, answer: oneOf(['yes', 'no'], first) }
    case 'rights':
      return { act, who: oneOf(['administrators', 'everyone'], first) }
    case 'webhook':
      return { act, chat: chatId(first), id: rowId(second), change: oneOf(webhookChanges, third) }
    case 'calendar':
      return { act, change: oneOf(calendarChanges, first) }
    case 'language':
      if (first !== 'pt-BR' && first !== 'en') throw new InvalidData()
      return { act, language: first }
    case 'zone':
      if (first === undefined || !/^[\w+\-/]{1,50}$/.test(first)) throw new InvalidData()
      return { act, zone: first }
    case 'report':
      return {
        act,
        frequency: oneOf(['none', 'daily', 'weekly'], first),
        weekday: number(value => isWithin(value, 1, 7))(second),
        hour: number(value => isWithin(value, 0, 23))(third),
        theme: oneOf(['light', 'dark'], fourth),
      }
    case 'today':
    case 'newMonitor':
    case 'statusPages':
    case 'newStatusPage':
    case 'zones':
    case 'howToSearch':
    case 'nothing':
      return { act }
    default:
      return act satisfies never
  }
}

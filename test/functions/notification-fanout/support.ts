import { afterAll, beforeAll, beforeEach } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { followsIn } from '#database/series/follows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { webhookListenersIn } from '#database/webhooks/webhooks.ts'
import type { EpisodeDue } from '#events/episode-due.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import type { NotifiableEvent } from '#functions/notification-fanout/notifiable-event.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { wording } from '#functions/notification-fanout/wording.ts'
import { plain } from '#functions/telegram/html.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

export const now = new Date('2026-11-21T01:00:10Z')

export const show: EventShow = {
  id: 82,
  name: 'Severance',
  namePt: 'Ruptura',
  url: 'https://www.tvmaze.com/shows/82/severance',
  image: 'https://static.tvmaze.com/uploads/images/original_untouched/1/2.jpg',
  channel: 'Apple TV+',
}
export const episode = (season: number, number: number | null, more: Partial<EventEpisode> = {}): EventEpisode => ({
  id: season * 1000 + (number ?? 999),
  name: "Trojan's Horse",
  season,
  number,
  airdate: '2026-11-20',
  airstamp: '2026-11-21T01:00:00Z',
  ...more,
})

export const ana = { id: 1, language: 'pt-BR' as Language, zone: 'America/Sao_Paulo' }
export const bob = { id: 2, language: 'en' as Language, zone: 'America/New_York' }

/** The message that `reader` gets about the event, in plain text. */
export const textOf = (event: NotifiableEvent, reader = ana, at = now) => plain(wording(event, reader, at).html)

export const due = (data: Partial<DataOf<typeof EpisodeDue>> = {}): NotifiableEvent => ({
  name: 'episode.due',
  data: { show, episodes: [episode(2, 5)], followedBefore: '2026-11-21T01:00:00Z', ...data },
})

type Requests = VigiaEvent<DataOf<typeof MessageRequested>>[]

/** The texts of the requested messages, without HTML. */
export const textsOf = (events: Requests) => events.map(({ data }) => plain(data.html))

export let database: TestDatabase

/** A database for the tests of one file. Each test starts without chats. */
export const useFanout = () => {
  beforeAll(async () => {
    database = await freshDatabase()
  })
  afterAll(() => database.end())
  beforeEach(() => database.db.query('truncate chat cascade'))
}

export const addChat = async ({ id, language, zone }: typeof ana) => {
  const chats = chatsIn(database.db)
  await chats.upsert({ id, kind: 'private', language })
  await chats.setLanguage(id, language)
  await chats.setZone(id, zone)
}
export const follow = (chat: { id: number }, subject: string, at = '2026-01-01T00:00:00Z') =>
  followsIn(database.db).follow(chat.id, subject, new Date(at))

/** Handles the event at the instant `at`, and returns the message requests. */
export const fanOut = (event: NotifiableEvent, id = 'cause', subject = 'show/82', at = now) =>
  notificationFanout({ ...rootCause(id), subject }, event, {
    follows: followsIn(database.db),
    subscribers: subscribersIn(database.db),
    noticeSettings: noticeSettingsIn(database.db),
    waitingNotices: waitingNoticesIn(database.db),
    webhooks: webhookListenersIn(database.db),
    chats: chatsIn(database.db),
    clock: () => at,
  }) as Promise<Requests>

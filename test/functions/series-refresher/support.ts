import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { seenIn } from '#database/series/seen.ts'
import { seriesNamesIn } from '#database/series/series-names.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { webhookListenersIn } from '#database/webhooks/webhooks.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import type { DataOf, VigiaEvent } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { validatorOf } from '#events/validate.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { plain } from '#functions/telegram/html.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { startTvmaze, type TvmazeSimulator } from '#simulators/tvmaze.ts'
import { freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'
import { now, setNow, start } from './clock.ts'

export let database: TestDatabase
export let simulator: TvmazeSimulator
export let catalogue: ReturnType<typeof catalogueIn>
let closeMongo: () => Promise<void>
export let published: VigiaEvent[]
export let messages: DataOf<typeof MessageRequested>[]

/** Sets up real databases for the tests of one file, and a new simulated TVmaze for each test. */
export const useSeries = () => {
  beforeAll(async () => {
    database = await freshDatabase()
  })
  afterAll(() => database.end())
  beforeEach(async () => {
    setNow(start)
    published = []
    messages = []
    await database.db.query('truncate chat, cursor, announcement, announcement_event, skipped_record cascade')
    simulator = await startTvmaze({ clock: () => now, limit: false })
    const server = await freshMongo()
    catalogue = catalogueIn(server.mongo)
    closeMongo = server.end
  })
  afterEach(async () => {
    await simulator.stop()
    await closeMongo()
  })
}

export const dependencies = () => ({
  db: database.db,
  tvmaze: tvmaze(simulator.url, { clock: () => now, wait: async () => {}, callsPerTenSeconds: 10_000 }),
  catalogue,
  follows: followsIn(database.db),
  subscribers: subscribersIn(database.db),
  waitingNotices: waitingNoticesIn(database.db),
  webhooks: webhookListenersIn(database.db),
  chats: chatsIn(database.db),
  announcements: announcementsIn(database.db),
  cursors: cursorsIn(database.db),
  looks: looksIn(database.db),
  missingShows: missingShowsIn(database.db),
  noticeSettings: noticeSettingsIn(database.db),
  seen: seenIn(database.db),
  seriesNames: seriesNamesIn(database.db),
  skippedRecords: skippedRecordsIn(database.db),
  publish: async (events: readonly VigiaEvent[]) => {
    for (const event of events) await accept(event)
  },
  clock: () => now,
  log: pino({ level: 'silent' }),
})

/** The texts that a chat has received so far, oldest first. */
export const received = async (chatId = 1): Promise<string[]> =>
  messages.filter(message => message.chatId === chatId).map(({ html }) => plain(html).replaceAll('\n', ' | '))

const definitions = {
  [EpisodeDue.name]: EpisodeDue,
  [EpisodeMissed.name]: EpisodeMissed,
  [SeriesChanged.name]: SeriesChanged,
}

/** Accepts an event as the broker does, once per id. Delivers the event to notification-fanout at once. */
const accept = async (event: VigiaEvent) => {
  if (published.some(({ id }) => id === event.id)) return
  published.push(event)
  const of = event.type.replace('dev.vigia.', '')
  const definition = definitions[of]
  if (definition === undefined) return
  const valid = validatorOf(definition)
  expect(valid(event.data), JSON.stringify(valid.errors)).toBe(true)
  const requests = await notificationFanout(event, { name: of, data: event.data } as never, dependencies())
  messages.push(...(requests as VigiaEvent<DataOf<typeof MessageRequested>>[]).map(({ data }) => data))
}

/** A short text for each published event, such as `series.changed moved`. */
export const kinds = () =>
  published.map(({ type, data }) => {
    const { change, why } = data as { change?: string; why?: string }
    return [type.replace('dev.vigia.', ''), change ?? why].filter(Boolean).join(' ')
  })

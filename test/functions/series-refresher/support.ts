import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { validatorOf } from '#events/validate.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { plain } from '#functions/telegram/html.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import type { NewEpisode, NewShow } from '#simulators/tvmaze.ts'
import { startTvmaze, type TvmazeSimulator } from '#simulators/tvmaze.ts'
import { freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** The instant at which each test starts: a Saturday, 09:00 in São Paulo. */
export const start = new Date('2026-11-21T12:00:00Z')

export let database: TestDatabase
export let simulator: TvmazeSimulator
export let catalogue: ReturnType<typeof catalogueIn>
let closeMongo: () => Promise<void>
export let now: Date
export let published: VigiaEvent[]
export let messages: DataOf<typeof MessageRequested>[]
let ticks = 0

/** Sets up real databases for the tests of one file, and a new simulated TVMaze for each test. */
export const useSeries = () => {
  beforeAll(async () => {
    database = await freshDatabase()
  })
  afterAll(() => database.end())
  beforeEach(async () => {
    now = start
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
  chats: chatsIn(database.db),
  announcements: announcementsIn(database.db),
  cursors: cursorsIn(database.db),
  missingShows: missingShowsIn(database.db),
  skippedRecords: skippedRecordsIn(database.db),
  publish: async (events: readonly VigiaEvent[]) => {
    for (const event of events) await accept(event)
  },
  clock: () => now,
  log: pino({ level: 'silent' }),
})
export const refresh = () => seriesRefresher(rootCause(`refresh-${ticks++}`), dependencies())
export const check = () => episodeChecker(rootCause(`check-${ticks++}`), dependencies())
export const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
/** Advances the clock in steps, and runs a tick of series-refresher and one of episode-checker after each step. */
export const until = async (end: Date, stepMs = HOUR) => {
  while (now < end) {
    now = new Date(Math.min(end.getTime(), now.getTime() + stepMs))
    await refresh()
    await check()
  }
}
export const at = (ms: number) => new Date(start.getTime() + ms)
export const on = (day: number) => new Date(start.getTime() + day * DAY).toISOString().slice(0, 10)

export const chat = async (id: number, zone = 'America/Sao_Paulo', language: Language = 'pt-BR') => {
  await chatsIn(database.db).upsert({ id, kind: 'private', language })
  await chatsIn(database.db).setZone(id, zone)
}
export const follow = (id: number, show: number, since = new Date('2026-01-01T00:00:00Z')) =>
  followsIn(database.db).follow(id, `show/${show}`, since, 'Farol')
/** Adds to the catalogue a series that chat 1 has followed for a long time. */
export const series = async (episodes: NewEpisode[], more: Partial<NewShow> = {}) => {
  await chat(1)
  const show = simulator.addShow({ name: 'Farol', on: { br: 'Globo' }, episodes, ...more })
  await follow(1, show.id)
  await refresh()
  await check()
  later(MINUTE)
  return show
}

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

/** Sets the clock. */
export const setNow = (date: Date) => {
  now = date
}

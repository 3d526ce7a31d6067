import { afterAll, beforeAll, beforeEach } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import type { Episode, Show } from '#database/series/show.ts'
import type { EpisodeDue } from '#events/episode-due.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'

type Due = VigiaEvent<DataOf<typeof EpisodeDue>>

export let database: TestDatabase
export let catalogue: ReturnType<typeof catalogueIn>
let closeMongo: () => Promise<void>
export let now: Date
/** The events that the broker accepted. Events with the same id are listed once. */
export let published: VigiaEvent[]
/** When each event was published, by its id. */
export let publishedAt: Map<string, string>
let failing: ((event: VigiaEvent) => boolean) | undefined
let ticks = 0
/** The id of the test's show. It is different in each test, because the tests share a MongoDB server. */
export let id = 1000

/** Sets up real databases for the tests of one file. Each test starts without chats, cursors and events. */
export const useChecker = () => {
  beforeAll(async () => {
    database = await freshDatabase()
    const { mongo, end } = await freshMongo()
    catalogue = catalogueIn(mongo)
    closeMongo = end
  })
  afterAll(async () => {
    await closeMongo()
    await database.end()
  })
  beforeEach(async () => {
    await database.db.query('truncate chat, cursor, announcement, announcement_event cascade')
    now = new Date('2026-11-20T12:00:00Z')
    published = []
    publishedAt = new Map()
    failing = undefined
    id += 10
  })
}

export const dependencies = () => ({
  db: database.db,
  catalogue,
  clock: () => now,
  publish: async (events: readonly VigiaEvent[]) => {
    for (const event of events) {
      if (failing?.(event)) throw new Error('the broker is unavailable')
      if (published.some(known => known.id === event.id)) continue
      published.push(event)
      publishedAt.set(event.id, now.toISOString())
    }
  },
})
export const tick = (name = `tick-${ticks++}`) => episodeChecker(rootCause(name), dependencies())
export const at = (iso: string) => {
  now = new Date(iso)
}
/** Runs a tick every `minutes` minutes until the instant `iso`. */
export const ticksUntil = async (iso: string, minutes = 5) => {
  while (now < new Date(iso)) {
    now = new Date(now.getTime() + minutes * 60_000)
    await tick()
  }
}
export const due = () => published as Due[]

export const chat = async (chatId: number, zone = 'America/Sao_Paulo') => {
  await chatsIn(database.db).upsert({ id: chatId, kind: 'private', language: 'pt-BR' })
  await chatsIn(database.db).setZone(chatId, zone)
}
export const follow = (chatId: number, show: number, since = '2026-01-01T00:00:00Z') =>
  followsIn(database.db).follow(chatId, `show/${show}`, new Date(since))

export const episode = (episodeId: number, airs: string, more: Partial<Episode> = {}): Episode => ({
  id: episodeId,
  name: `Episode ${episodeId}`,
  season: 1,
  number: episodeId % 100,
  type: 'regular',
  airdate: airs.slice(0, 10),
  airstamp: airs.length > 10 ? airs : null,
  ...more,
})
export const show = async (episodes: Episode[], more: Partial<Show> = {}): Promise<Show> => {
  const kept: Show = {
    _id: id,
    name: 'Harbor Nine',
    url: `https://www.tvmaze.com/shows/${id}/harbor-nine`,
    image: null,
    channel: 'Meridian',
    premiered: '2026-01-04',
    status: 'Running',
    updated: 1,
    imdb: null,
    thetvdb: null,
    names: { pt: null },
    fetchedAt: now.toISOString(),
    episodes,
    ...more,
  }
  await catalogue.keep(kept)
  await looksIn(database.db).showChanged(id)
  return kept
}

/** Makes the broker refuse the events for which `fails` returns true; undefined makes it accept all events. */
export const failWhen = (fails: typeof failing) => {
  failing = fails
}

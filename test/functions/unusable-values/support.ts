import { afterAll, beforeAll, beforeEach } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { seenIn } from '#database/series/seen.ts'
import { seriesNamesIn } from '#database/series/series-names.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { RecordSkipped } from '#events/record-skipped.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { logger } from '#functions/host/log.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { startWebhook, type Webhook } from '#test/functions/telegram-webhook/support.ts'

export let world: Webhook
export let published: VigiaEvent[]

/**
 * Sets up telegram-webhook with real databases for the tests of one file. Each test starts without chats, cursors and
 * events.
 */
export const useWebhook = () => {
  beforeAll(async () => {
    world = await startWebhook()
  })
  afterAll(() => world.stop())
  beforeEach(async () => {
    published = []
    world.time.now = new Date('2026-11-21T15:00:00Z')
    await world.db.query('truncate chat, cursor, announcement, announcement_event, skipped_record cascade')
  })
}

export const publish = async (events: readonly VigiaEvent[]) => {
  published.push(...events)
}
export const dependencies = () => ({
  db: world.db,
  catalogue: world.catalogue,
  tvmaze: tvmaze(world.tvmaze.url, { callsPerTenSeconds: 10_000 }),
  follows: followsIn(world.db),
  announcements: announcementsIn(world.db),
  cursors: cursorsIn(world.db),
  looks: looksIn(world.db),
  missingShows: missingShowsIn(world.db),
  noticeSettings: noticeSettingsIn(world.db),
  seen: seenIn(world.db),
  seriesNames: seriesNamesIn(world.db),
  skippedRecords: skippedRecordsIn(world.db),
  publish,
  clock: () => world.time.now,
  log: logger('test'),
})
let ticks = 0
/** Runs a tick of episode-checker and then a tick of series-refresher. */
export const bothTicks = async () => {
  await episodeChecker(rootCause(`check-${ticks++}`), dependencies())
  await seriesRefresher(rootCause(`refresh-${ticks++}`), dependencies())
}
/** The published events of a type. */
export const eventsOf = (name: string) => published.filter(({ type }) => type === `dev.vigia.${name}`)
export const skipped = () => eventsOf('record.skipped').map(({ data }) => data as DataOf<typeof RecordSkipped>)

/** Stores a series whose episode aired an hour ago. Chat 1 follows the series. */
export const airedSeries = async (id: number, more: Record<string, unknown> = {}) => {
  await chatsIn(world.db).upsert({ id: 1, kind: 'private', language: 'pt-BR' })
  await followsIn(world.db).follow(1, `show/${id}`, new Date('2026-01-01T00:00:00Z'))
  const airs = '2026-11-21T14:00:00Z'
  await world.catalogue.keep({
    _id: id,
    name: 'Série',
    url: `https://www.tvmaze.com/shows/${id}`,
    image: null,
    channel: null,
    premiered: null,
    status: 'Running',
    updated: 1,
    imdb: null,
    thetvdb: null,
    names: { pt: null },
    episodes: [
      { id: id * 10, name: 'x', season: 1, number: 1, type: 'regular', airdate: airs.slice(0, 10), airstamp: airs },
    ],
    fetchedAt: '2026-11-21T13:00:00Z',
    ...more,
  } as never)
}

import { postgres } from '#database/connect.ts'
import { mongo } from '#database/mongo.ts'
import { type LogoFile, readLogo } from '#database/pages/logo-files.ts'
import { type PageDoor, pageDoorsIn } from '#database/pages/page-doors.ts'
import { pageSnapshotsIn } from '#database/pages/page-snapshots.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { episodeCalendarsIn } from '#database/series/episode-calendars.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env, envOptional } from '#functions/host/env.ts'
import { serve } from '#functions/host/serve.ts'
import type { RenderedPage } from './render.ts'
import { responseCache } from './response-cache.ts'
import { admit, statusPage } from './status-page.ts'

const name = 'status-page'
const db = postgres(env('DATABASE_URL'), { max: 2, applicationName: name, prepare: true, statementTimeoutMs: 5_000 })

const snapshots = pageSnapshotsIn(db)

// Without the address on the internet, the links in feeds and calendars are relative.
const pagesUrl = envOptional('PAGES_URL')?.replace(/\/+$/, '') ?? '/status'

const botName = envOptional('TELEGRAM_BOT_NAME') ?? null

const cache = responseCache<RenderedPage>({
  clock: systemClock,
  freshMs: 1_000,
  refreshMs: 15_000,
  staleMs: 3_600_000,
  // The compressed bytes are less than half as many.
  bytesOf: ({ length }) => 1.5 * length,
  mostBytes: 32 * 1024 * 1024,
})

const doors = pageDoorsIn(db)
// A page that was closed to others a few seconds ago may still be shown.
const doorCache = responseCache<PageDoor | null>({
  ...{ clock: systemClock, freshMs: 5_000, refreshMs: 15_000, staleMs: 3_600_000 },
  ...{ bytesOf: () => 500, mostBytes: 2 * 1024 * 1024 },
})

// A logo is only read for browsers that do not have it yet.
const logoCache = responseCache<LogoFile | null>({
  ...{ clock: systemClock, freshMs: 60_000, refreshMs: 120_000, staleMs: 3_600_000 },
  ...{ bytesOf: logo => logo?.bytes.length ?? 0, mostBytes: 8 * 1024 * 1024 },
})

// Only calendars read the catalogue. The driver of MongoDB is loaded by the first calendar.
const shows = mongo(env('MONGODB_URI'))
const episodes = {
  calendars: episodeCalendarsIn(db),
  noticeSettings: noticeSettingsIn(db),
  catalogue: catalogueIn(shows),
  // Calendar programs ask once in an hour. Whoever asks more often gets the same answer for a minute.
  calendarCache: responseCache<RenderedPage>({
    ...{ clock: systemClock, freshMs: 60_000, refreshMs: 60_000, staleMs: 3_600_000 },
    ...{ bytesOf: ({ length }: RenderedPage) => 1.5 * length, mostBytes: 8 * 1024 * 1024 },
  }),
  clock: systemClock,
}

serve({
  name,
  http: {
    admit,
    direct: true,
    handle: (request, context) =>
      statusPage(request, context, {
        read: snapshots.read,
        doors: {
          atDomain: host => doorCache(`host ${host}`, () => doors.atDomain(host)),
          forMembers: id => doorCache(`page ${id}`, () => doors.forMembers(id)),
        },
        readLogo: (address, hash) => logoCache(JSON.stringify([address, hash]), () => readLogo(db, address, hash)),
        cache,
        episodes,
        clock: systemClock,
        pagesUrl,
        botName,
      }),
  },
  close: [() => db.end(), () => shows.end()],
})

import { postgres } from '#database/connect.ts'
import { mongo } from '#database/mongo.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { seenIn } from '#database/series/seen.ts'
import { seriesNamesIn } from '#database/series/series-names.ts'
import { type TvmazeCaller, tvmazeBudgetIn } from '#database/series/tvmaze-budget.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { seriesFollowed } from './series-followed.ts'
import { seriesRefresher } from './series-refresher.ts'

const db = postgres(env('DATABASE_URL'), { applicationName: 'series-refresher' })
const shows = mongo(env('MONGODB_URI'))
const budget = tvmazeBudgetIn(db)
const tvmazeFor = (caller: TvmazeCaller, longestWaitMs: number) =>
  tvmaze(env('TVMAZE_URL', 'https://api.tvmaze.com'), {
    attempts: 3,
    longestWaitMs,
    budget: { take: () => budget.take(caller), pause: budget.pause },
  })
const forTick = tvmazeFor('round', 60_000)
const forFollow = tvmazeFor('follow', 25_000)
const dependencies = {
  catalogue: catalogueIn(shows),
  follows: followsIn(db),
  announcements: announcementsIn(db),
  cursors: cursorsIn(db),
  looks: looksIn(db),
  noticeSettings: noticeSettingsIn(db),
  seen: seenIn(db),
  seriesNames: seriesNamesIn(db),
  missingShows: missingShowsIn(db),
  skippedRecords: skippedRecordsIn(db),
  clock: systemClock,
}

serve({
  name: 'series-refresher',
  events: [
    on(Tick, (tick, { log, signal, publish }) =>
      seriesRefresher(tick, { ...dependencies, tvmaze: forTick, log, publish }, signal),
    ),
    on(SeriesFollowed, (event, { log, publish }) =>
      seriesFollowed(event, { ...dependencies, tvmaze: forFollow, log, publish }),
    ),
  ],
  close: [() => db.end(), () => shows.end()],
})

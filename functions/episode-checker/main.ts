import { postgres } from '#database/connect.ts'
import { mongo } from '#database/mongo.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { Tick } from '#events/tick.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { episodeChecker } from './episode-checker.ts'

const db = postgres(env('DATABASE_URL'), { applicationName: 'episode-checker' })
const shows = mongo(env('MONGODB_URI'))
const dependencies = {
  db,
  catalogue: catalogueIn(shows),
  clock: systemClock,
}

serve({
  name: 'episode-checker',
  events: [on(Tick, (tick, { publish }) => episodeChecker(tick, { ...dependencies, publish }))],
  close: [() => db.end(), () => shows.end()],
})

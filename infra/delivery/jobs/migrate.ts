import { migrate } from '#database/migrate.ts'
import { env } from '#functions/env.ts'
import { databaseAway } from './away.ts'
import { job } from './job.ts'

// On a new cluster the database starts beside this job and takes its time.
await job('migrate', {
  work: () => migrate(env('DATABASE_URL')),
  passes: databaseAway,
  done: () => 'the database is up to date',
})

import { DatabaseAhead, migrate } from '#database/migrate.ts'
import { isUnavailable } from '#database/unavailable.ts'
import { env } from '#functions/host/env.ts'

import { job } from './job.ts'

/** To go back a release is to run its job again: a release's migrations leave the tables usable to the one before. */
const upToDate = async (): Promise<string> => {
  try {
    await migrate(env('DATABASE_URL'))
    return 'the database is up to date'
  } catch (error) {
    if (error instanceof DatabaseAhead) return 'the database is that of a newer release: nothing to do'
    throw error
  }
}

// On a new cluster the database starts beside this job and takes its time.
await job('migrate', { work: upToDate, passes: isUnavailable, done: words => words })

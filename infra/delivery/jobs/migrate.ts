import { DatabaseAhead, migrate } from '#database/migrate.ts'
import { isUnavailable } from '#database/unavailable.ts'
import { env } from '#functions/host/env.ts'
import { job } from './job.ts'

/**
 * Migrates the database, unless a newer release has done so. A rollback runs the job of the older release again, which
 * is safe, because migrations keep the tables usable for the release before.
 */
const upToDate = async (): Promise<string> => {
  try {
    await migrate(env('DATABASE_URL'))
    return 'the database is up to date'
  } catch (error) {
    if (error instanceof DatabaseAhead) return 'a newer release has migrated the database; nothing to do'
    throw error
  }
}

// On a new cluster the database may start after this job.
await job('migrate', { work: upToDate, isTemporary: isUnavailable, done: message => message })

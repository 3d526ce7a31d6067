import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolderOf, openDatabaseAlsoWhileRunning } from '#infra/cli/database.ts'
import { type ReadOnlyDatabase, readOnlyDatabase } from '#infra/cli/doctor/read-only-database.ts'
import { Refusal } from '#infra/refusal.ts'

/** The search for a text reads the whole outbox. */
const timeoutMs = 60_000

export interface TracedDatabase {
  db: ReadOnlyDatabase
  /** The data folder of the Vigia of this machine; null if DATABASE_URL leads elsewhere and there is no such folder. */
  dataDir: string | null
  close(): Promise<void>
}

/**
 * A connection to DATABASE_URL, or to the PostgreSQL of the data folder, which is started if Vigia does not run.
 * Throws a Refusal if there is neither. `subject` is what is traced.
 */
export const tracedDatabase = async (subject: string, env: NodeJS.ProcessEnv): Promise<TracedDatabase> => {
  const dataDir = await dataFolderOf(env)
  const hasData = existsSync(join(dataDir, 'postgres/data'))
  const hasLogs = existsSync(join(dataDir, 'logs'))
  if (!env.DATABASE_URL && !hasData)
    throw new Refusal(
      `${subject} is not the name of a release, and to look for a message or an event there is no Vigia in ${dataDir}; set DATA_DIR to its data folder, or DATABASE_URL to its PostgreSQL (on a cluster: kubectl -n vigia port-forward svc/vigia-postgres-rw 5432, see infra/observability/README.md)`,
    )
  const opened = await openDatabaseAlsoWhileRunning(env)
  const db = await readOnlyDatabase(opened.url, timeoutMs, 'vigia trace').catch(async error => {
    await opened.close()
    throw new Refusal(`PostgreSQL does not answer: ${(error as Error).message || (error as { code?: string }).code}`)
  })
  return {
    db,
    dataDir: hasLogs ? dataDir : null,
    close: async () => {
      await db.end()
      await opened.close()
    },
  }
}

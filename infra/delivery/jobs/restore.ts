import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Postgres, postgres } from '#database/connect.ts'
import { migrationsDir } from '#database/migrate.ts'
import { checkBackup, type MigrationSet, restore } from '#database/operations/backup.ts'
import { env } from '#functions/host/env.ts'

// This job replaces all data in DATABASE_URL with the backup that it reads from standard input.
// infra/cluster/restore.sh runs it.
const migrationSets: MigrationSet[] = [{ dir: migrationsDir, table: 'migration' }]
const withoutBroker = true
const statementTimeoutMs = 3_600_000

const print = (text: string) => process.stdout.write(`${text}\n`)

/**
 * Ends the connections of the functions, because their prepared statements refer to tables that no longer exist. The
 * functions reconnect.
 */
const endOtherConnections = (db: Postgres) =>
  db.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename = current_user and pid <> pg_backend_pid()`)

const run = async (folder: string): Promise<void> => {
  const url = env('DATABASE_URL')
  const file = join(folder, 'vigia.backup')
  await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }))
  const { madeAt, pendingEvents } = await checkBackup(file, migrationSets, { withoutBroker })
  const db = postgres(url, { max: 1, applicationName: 'vigia restore', statementTimeoutMs })
  try {
    await endOtherConnections(db)
    const rows = await restore(db, url, file, migrationSets, { withoutBroker })
    await endOtherConnections(db)
    print(`restored ${rows} rows of the backup of ${madeAt}`)
    if (pendingEvents > 0) print(`events that were not delivered yet and are left out: ${pendingEvents}`)
  } finally {
    await db.end()
  }
}

process.once('SIGTERM', () => process.exit(143))
const folder = await mkdtemp(join(tmpdir(), 'vigia-restore-'))
try {
  await run(folder)
} catch (error) {
  process.stderr.write(`${(error as Error).message.replaceAll(folder, '')}\n`)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

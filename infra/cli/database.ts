import { fileURLToPath } from 'node:url'
import { migrationsDir } from '#database/migrate.ts'
import type { MigrationSet } from '#database/operations/backup.ts'
import { serverAccount } from '#local/databases/account.ts'
import { chooseDataFolder, FolderInUse } from '#local/databases/data-folder.ts'
import { runningPostgres, startPostgres } from '#local/databases/postgres.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The migrations of the functions' tables, and of the broker's tables. */
export const migrationSets: MigrationSet[] = [
  { dir: migrationsDir, table: 'migration' },
  { dir: fileURLToPath(new URL('../local/broker/migrations', import.meta.url)), table: 'broker_migration' },
]

export interface OpenedDatabase {
  url: string
  /** The name for messages: the data folder, or DATABASE_URL. */
  name: string
  close(): Promise<void>
}

/** The data folder of `npm start` in this environment. */
export const dataFolderOf = (env: NodeJS.ProcessEnv): Promise<string> =>
  chooseDataFolder(root, process.platform === 'win32' ? null : serverAccount(), env.DATA_DIR || undefined)

/**
 * Opens the PostgreSQL of DATABASE_URL. Without this variable, starts the PostgreSQL of the data folder, which runs
 * until `close`; throws FolderInUse while Vigia uses the folder.
 */
export const openDatabase = async (env: NodeJS.ProcessEnv): Promise<OpenedDatabase> => {
  if (env.DATABASE_URL) return { url: env.DATABASE_URL, name: 'DATABASE_URL', close: async () => {} }
  const dataDir = await dataFolderOf(env)
  const server = await startPostgres({ dataDir })
  return { url: server.url, name: dataDir, close: () => server.stop() }
}

/** Like `openDatabase`, but while Vigia runs it returns Vigia's own PostgreSQL. */
export const openDatabaseAlsoWhileRunning = (env: NodeJS.ProcessEnv): Promise<OpenedDatabase> =>
  openDatabase(env).catch(async error => {
    if (!(error instanceof FolderInUse)) throw error
    const dataDir = await dataFolderOf(env)
    return { url: await runningPostgres(dataDir), name: dataDir, close: async () => {} }
  })

import { fileURLToPath } from 'node:url'
import { migrationsDir } from '#database/migrate.ts'
import type { Schema } from '#database/operations/backup.ts'
import { serverAccount } from '#local/databases/account.ts'
import { chooseDataFolder, FolderInUse } from '#local/databases/data-folder.ts'
import { startPostgres } from '#local/databases/postgres.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The tables of functions, and those of the broker. */
export const schemas: Schema[] = [
  { dir: migrationsDir, table: 'migration' },
  { dir: fileURLToPath(new URL('../local/broker/migrations', import.meta.url)), table: 'broker_migration' },
]

export interface Opened {
  url: string
  /** What people call it: the data folder, or DATABASE_URL. */
  name: string
  close(): Promise<void>
}

/** The data folder that `npm start` uses with this environment. */
export const dataFolderOf = (env: NodeJS.ProcessEnv): Promise<string> =>
  chooseDataFolder(root, process.platform === 'win32' ? null : serverAccount(), env.DATA_DIR || undefined)

/** The PostgreSQL of DATABASE_URL, or that of the data folder, started for as long as it is needed. Throws FolderInUse while Vigia runs. */
export const openDatabase = async (env: NodeJS.ProcessEnv): Promise<Opened> => {
  if (env.DATABASE_URL) return { url: env.DATABASE_URL, name: 'DATABASE_URL', close: async () => {} }
  const dataDir = await dataFolderOf(env)
  const server = await startPostgres({ dataDir })
  return { url: server.url, name: dataDir, close: () => server.stop() }
}

export { FolderInUse }

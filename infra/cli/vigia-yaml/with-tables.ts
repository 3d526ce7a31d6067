import { type Postgres, postgres } from '#database/connect.ts'

/** PostgreSQL's codes for a table or a column that does not exist. */
const missing = new Set(['42P01', '42703'])

/** Runs `work` on Vigia's database, also while Vigia runs. */
export const withTables = async <T>(env: NodeJS.ProcessEnv, work: (db: Postgres) => Promise<T>): Promise<T> => {
  // In a pod DATABASE_URL is set, so the servers of one machine are not loaded.
  const { url, close } = env.DATABASE_URL
    ? { url: env.DATABASE_URL, close: async () => {} }
    : await (await import('../database.ts')).openDatabaseAlsoWhileRunning(env)
  const db = postgres(url, { max: 1, applicationName: 'vigia yaml' })
  try {
    return await work(db)
  } catch (error) {
    if (missing.has((error as { code?: string }).code ?? ''))
      throw new Error('the database does not have the tables of this version; start Vigia once, which makes them', {
        cause: error,
      })
    throw error
  } finally {
    await db.end()
    await close()
  }
}

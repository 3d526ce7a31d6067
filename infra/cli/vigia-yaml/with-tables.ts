import { type Postgres, postgres } from '#database/connect.ts'
import type { VerbShell } from '../verb.ts'

/** PostgreSQL's codes for a table or a column that does not exist. */
const missing = new Set(['42P01', '42703'])

/** Runs `work` on Vigia's database. */
export const withTables = async <T>(
  { openDatabase }: Pick<VerbShell, 'openDatabase'>,
  work: (db: Postgres) => Promise<T>,
): Promise<T> => {
  const { url, close } = await openDatabase()
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

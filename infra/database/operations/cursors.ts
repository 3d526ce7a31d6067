import { jsonText, type Postgres } from '../connect.ts'

/** The table `cursor`: for each job, the time up to which its work is done. Ticks start all jobs except `backup`. */
export const cursorsIn = (db: Postgres) => ({
  /** The cursor of a job; null before its first run. */
  reached: async <Detail = Record<string, unknown>>(job: string): Promise<{ reached: Date; detail: Detail } | null> =>
    (await db.query<{ reached: Date; detail: Detail }>('select reached, detail from cursor where job = $1', [job]))
      .rows[0] ?? null,

  /** Moves the cursor forward, never back: of two calls the later time counts. Replaces the detail if one is given. */
  advance: async (job: string, to: Date, detail?: unknown): Promise<void> => {
    await db.query(
      `insert into cursor (job, reached, detail) values ($1, $2, coalesce($3::jsonb, '{}'))
       on conflict (job) do update set reached = greatest(cursor.reached, excluded.reached),
         detail = coalesce($3::jsonb, cursor.detail)`,
      [job, to, detail === undefined ? null : jsonText(detail)],
    )
  },

  /** Moves a cursor back that is later than `to`, because a clock was wrong. */
  correct: async (job: string, to: Date): Promise<void> => {
    await db.query('update cursor set reached = $2 where job = $1 and reached > $2', [job, to])
  },

  /**
   * Locks the job until the end of this transaction; waits for other transactions that have the lock. Only inside a
   * transaction.
   */
  lock: async (job: string): Promise<void> => {
    await db.query(`select pg_advisory_xact_lock(hashtext('job'), hashtext($1))`, [job])
  },
})

export type Cursors = ReturnType<typeof cursorsIn>

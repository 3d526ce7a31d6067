import { jsonText, type Postgres } from '../connect.ts'

/** How far the jobs have come that ticks wake (`cursor`). */
export const cursorsIn = (db: Postgres) => ({
  /** null before the job's first run. */
  reached: async <Detail = Record<string, unknown>>(job: string): Promise<{ reached: Date; detail: Detail } | null> =>
    (await db.query<{ reached: Date; detail: Detail }>('select reached, detail from cursor where job = $1', [job]))
      .rows[0] ?? null,

  /** Forward only: of two who advance it the further one counts. The detail is replaced when one is given. */
  advance: async (job: string, to: Date, detail?: unknown): Promise<void> => {
    await db.query(
      `insert into cursor (job, reached, detail) values ($1, $2, coalesce($3::jsonb, '{}'))
       on conflict (job) do update set reached = greatest(cursor.reached, excluded.reached),
         detail = coalesce($3::jsonb, cursor.detail)`,
      [job, to, detail === undefined ? null : jsonText(detail)],
    )
  },

  /** Waits until no other transaction works on the job; holds it until this one ends. Only inside a transaction. */
  lock: async (job: string): Promise<void> => {
    await db.query(`select pg_advisory_xact_lock(hashtext('job'), hashtext($1))`, [job])
  },
})

export type Cursors = ReturnType<typeof cursorsIn>

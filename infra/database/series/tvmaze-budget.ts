import type { Postgres } from '../connect.ts'

/**
 * Who calls TVmaze: a person who waits for the answer, the first fetch of a new follow, the import of a file, or the
 * rounds of series-refresher.
 */
export type TvmazeCaller = 'person' | 'follow' | 'import' | 'round'

/**
 * TVmaze allows 20 calls in 10 seconds from one address. Each kind of caller leaves some calls to the more important
 * kinds.
 */
const limits: Record<TvmazeCaller, number> = { person: 20, follow: 16, import: 14, round: 12 }

/** Half a second longer than TVmaze's window, because the time between the grant and the call varies. */
const windowMs = 10_500

const now = 'coalesce($2::timestamptz, clock_timestamp())'

/**
 * The table `tvmaze_budget`: a rate limit for all functions together. It uses the clock of PostgreSQL, because the
 * clocks of the processes differ; a simulation gives the time of its own `clock`.
 */
export const tvmazeBudgetIn = (db: Postgres, clock: () => Date | null = () => null) => ({
  /**
   * Returns 0 and counts the call if the caller may call now; otherwise the milliseconds to wait before the next try.
   */
  take: async (caller: TvmazeCaller): Promise<number> => {
    const limit = limits[caller]
    const taken = await db.query(
      `update tvmaze_budget set granted = array_append(
         array(select at from unnest(granted) at where at > ${now} - interval '${windowMs} ms' order by at), ${now})
       where (select count(*) from unnest(granted) at where at > ${now} - interval '${windowMs} ms') < $1
         and coalesce(paused_until <= ${now}, true)`,
      [limit, clock()],
    )
    if (taken.rowCount === 1) return 0
    const { rows } = await db.query<{ ms: number }>(
      `select ceil(extract(epoch from greatest(
         (select at + interval '${windowMs} ms' from unnest(granted) at order by at desc offset $1 - 1 limit 1),
         paused_until) - ${now}) * 1000)::integer as ms from tvmaze_budget`,
      [limit, clock()],
    )
    return Math.max(1, rows[0]?.ms ?? 1)
  },

  /** Stops all calls for `ms` (at most 10 minutes), because TVmaze asked for a pause. */
  pause: async (ms: number): Promise<void> => {
    await db.query(`update tvmaze_budget set paused_until = greatest(paused_until, ${now} + $1 * interval '1 ms')`, [
      Math.min(ms, 10 * 60_000),
      clock(),
    ])
  },
})

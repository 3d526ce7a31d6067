import type { Postgres } from '../connect.ts'

/** Who calls TVMaze: a person who waits for the answer, the first look at a series that was just followed, or the hourly round. */
export type TvmazeCaller = 'person' | 'follow' | 'round'

/** TVMaze allows 20 calls in 10 seconds to an address. Each kind of caller leaves some of them to those who matter more. */
const limits: Record<TvmazeCaller, number> = { person: 20, follow: 16, round: 12 }

/** A call reaches TVMaze a little after it was granted, and not always by the same little: the window is half a second longer. */
const windowMs = 10_500

/** The table `tvmaze_budget`, by the database's clock: all functions together stay within TVMaze's limit. */
export const tvmazeBudgetIn = (db: Postgres) => ({
  /** 0 when the caller may call now, which is counted; else the milliseconds after which to ask again. */
  take: async (caller: TvmazeCaller): Promise<number> => {
    const most = limits[caller]
    const taken = await db.query(
      `update tvmaze_budget set granted = array_append(
         array(select at from unnest(granted) at where at > clock_timestamp() - interval '${windowMs} ms' order by at),
         clock_timestamp())
       where (select count(*) from unnest(granted) at where at > clock_timestamp() - interval '${windowMs} ms') < $1
         and coalesce(paused_until <= clock_timestamp(), true)`,
      [most],
    )
    if (taken.rowCount === 1) return 0
    const { rows } = await db.query<{ ms: number }>(
      `select ceil(extract(epoch from greatest(
         (select at + interval '${windowMs} ms' from unnest(granted) at order by at desc offset $1 - 1 limit 1),
         paused_until) - clock_timestamp()) * 1000)::integer as ms from tvmaze_budget`,
      [most],
    )
    return Math.max(1, rows[0]?.ms ?? 1)
  },

  /** TVMaze asked to wait: nobody calls it for so long, 10 minutes at most. */
  pause: async (ms: number): Promise<void> => {
    await db.query(
      `update tvmaze_budget set paused_until = greatest(paused_until, clock_timestamp() + $1 * interval '1 ms')`,
      [Math.min(ms, 10 * 60_000)],
    )
  },
})

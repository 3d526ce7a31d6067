import type { Postgres } from '../connect.ts'

/** Followed series that TVMaze does not have, as far as its answers so far tell. */
export interface MissingShow {
  showId: number
  /** The first 404 since it was followed. */
  since: Date
  /** How many there were, one a look. */
  notFoundCount: number
  /** When every follower knew that it is gone, and it was looked for last; null while somebody does not. */
  goneAt: Date | null
}

const aggregated = `substring(subject from 6)::integer as "showId", min(missing_since) as since, max(missing_strikes) as "notFoundCount",
  case when bool_and(gone_at is not null) then max(gone_at) end as "goneAt"`

/**
 * What the table `follow` knows of series that TVMaze does not have. It is kept there, because the catalogue has no entry of a series that
 * was never fetched, and because following it anew is a new beginning.
 */
export const missingShowsIn = (db: Postgres) => ({
  of: async (showIds: readonly number[]): Promise<MissingShow[]> =>
    (
      await db.query<MissingShow>(
        `select ${aggregated} from follow where subject = any ($1) and missing_since is not null group by subject`,
        [showIds.map(id => `show/${id}`)],
      )
    ).rows,

  /** One more 404; null where nobody follows it any more. */
  countNotFound: async (showId: number, at: Date): Promise<MissingShow | null> =>
    (
      await db.query<MissingShow>(
        `with struck as (
           update follow set missing_since = coalesce(missing_since, $2), missing_strikes = missing_strikes + 1,
             gone_at = case when gone_at is not null then $2 end
           where subject = $1 returning subject, missing_since, missing_strikes, gone_at)
         select ${aggregated} from struck group by subject`,
        [`show/${showId}`, at],
      )
    ).rows[0] ?? null,

  /** Followers who were not told that it is gone. */
  followersNotNotified: async (showId: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `select chat_id as id from follow join chat on chat.id = follow.chat_id
         where subject = $1 and gone_at is null and unreachable_since is null order by chat_id`,
        [`show/${showId}`],
      )
    ).rows.map(({ id }) => id),

  markGone: async (showId: number, at: Date): Promise<void> => {
    await db.query(
      `update follow set gone_at = $2, missing_since = coalesce(missing_since, $2) where subject = $1 and gone_at is null`,
      [`show/${showId}`, at],
    )
  },

  /** TVMaze has it after all. */
  clearMissing: async (showId: number): Promise<void> => {
    await db.query(
      `update follow set missing_since = null, missing_strikes = 0, gone_at = null
       where subject = $1 and missing_since is not null`,
      [`show/${showId}`],
    )
  },
})

export type MissingShows = ReturnType<typeof missingShowsIn>

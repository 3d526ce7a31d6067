import type { Postgres } from '../connect.ts'

/** A followed series for which TVmaze answers 404. */
export interface MissingShow {
  showId: number
  /** The time of the first 404 since the series was followed. */
  since: Date
  /** The number of requests that TVmaze answered with 404. */
  notFoundCount: number
  /** The time of the last request to TVmaze, if all followers are notified; null while a follower is not notified. */
  goneAt: Date | null
}

const aggregated = `substring(subject from 6)::integer as "showId", min(missing_since) as since, max(missing_strikes) as "notFoundCount",
  case when bool_and(gone_at is not null) then max(gone_at) end as "goneAt"`

/**
 * The columns of the table `follow` about series that TVmaze does not have. They are in that table because the
 * catalogue has no document of a series that was never fetched, and because a new follow starts with default values.
 */
export const missingShowsIn = (db: Postgres) => ({
  of: async (showIds: readonly number[]): Promise<MissingShow[]> =>
    (
      await db.query<MissingShow>(
        `select ${aggregated} from follow where subject = any ($1) and missing_since is not null group by subject`,
        [showIds.map(id => `show/${id}`)],
      )
    ).rows,

  /** Counts one more 404. Returns null if the series has no followers any more. */
  countNotFound: async (showId: number, at: Date): Promise<MissingShow | null> =>
    (
      await db.query<MissingShow>(
        `with counted as (
           update follow set missing_since = coalesce(missing_since, $2), missing_strikes = missing_strikes + 1,
             gone_at = case when gone_at is not null then $2 end
           where subject = $1 returning subject, missing_since, missing_strikes, gone_at)
         select ${aggregated} from counted group by subject`,
        [`show/${showId}`, at],
      )
    ).rows[0] ?? null,

  /** The reachable followers who were not notified that the series is gone. */
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

  /** Resets the columns, because TVmaze has the series again. */
  clearMissing: async (showId: number): Promise<void> => {
    await db.query(
      `update follow set missing_since = null, missing_strikes = 0, gone_at = null
       where subject = $1 and missing_since is not null`,
      [`show/${showId}`],
    )
  },
})

export type MissingShows = ReturnType<typeof missingShowsIn>

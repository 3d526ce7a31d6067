import type { Postgres } from '../connect.ts'

/** An episode by its numbers. */
export interface EpisodeNumber {
  season: number
  number: number
}

/** An episode that a chat has seen. */
export interface SeenEpisode extends EpisodeNumber {
  showId: number
  seenAt: Date
}

/** The table `seen_episode`. */
export const seenIn = (db: Postgres) => ({
  /** Marks episodes as seen. Those that are seen already keep their time. Returns how many are new. */
  mark: async (chatId: number, episodes: readonly SeenEpisode[]): Promise<number> =>
    (
      await db.query(
        `insert into seen_episode (chat_id, show_id, season, number, seen_at)
         select $1, * from unnest($2::int[], $3::int[], $4::int[], $5::timestamptz[]) on conflict do nothing`,
        [
          chatId,
          episodes.map(({ showId }) => showId),
          episodes.map(({ season }) => season),
          episodes.map(({ number }) => number),
          episodes.map(({ seenAt }) => seenAt),
        ],
      )
    ).rowCount,

  /** Undoes `mark`. */
  unmark: async (chatId: number, showId: number, episodes: readonly EpisodeNumber[]): Promise<void> => {
    await db.query(
      `delete from seen_episode using unnest($3::int[], $4::int[]) as one (season, number)
       where chat_id = $1 and show_id = $2 and seen_episode.season = one.season and seen_episode.number = one.number`,
      [chatId, showId, episodes.map(({ season }) => season), episodes.map(({ number }) => number)],
    )
  },

  /** The seen episodes of a chat, of these series. */
  of: async (chatId: number, showIds: readonly number[]): Promise<SeenEpisode[]> =>
    (
      await db.query<SeenEpisode>(
        `select show_id as "showId", season, number, seen_at as "seenAt" from seen_episode
         where chat_id = $1 and show_id = any ($2) order by show_id, season, number`,
        [chatId, showIds],
      )
    ).rows,

  /** What a chat saw from `from` until before `to`, and how many more it has seen at times that are not known. */
  inPeriod: async (chatId: number, { from, to }: { from: Date; to: Date }) => {
    const [{ rows: seen }, { rows }] = await Promise.all([
      db.query<SeenEpisode>(
        `select show_id as "showId", season, number, seen_at as "seenAt" from seen_episode
         where chat_id = $1 and is_dated and seen_at >= $2 and seen_at < $3 order by seen_at, show_id, season, number`,
        [chatId, from, to],
      ),
      db.query<{ undated: number }>(
        'select count(*) as undated from seen_episode where chat_id = $1 and not is_dated',
        [chatId],
      ),
    ])
    return { seen, undated: rows[0]!.undated }
  },

  /** Moves what was seen of a series to the series into which TVmaze merged it. */
  moveShow: async (fromShow: number, toShow: number): Promise<void> => {
    await db.query(
      `insert into seen_episode (chat_id, show_id, season, number, seen_at, is_dated)
       select chat_id, $2, season, number, seen_at, is_dated from seen_episode where show_id = $1 on conflict do nothing`,
      [fromShow, toShow],
    )
    await db.query('delete from seen_episode where show_id = $1', [fromShow])
  },
})

export type Seen = ReturnType<typeof seenIn>

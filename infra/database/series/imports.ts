import { jsonText, type Postgres } from '../connect.ts'

/** A watched episode: season, number, and when it was watched, in Unix seconds; null if that is unknown. */
export type WatchedEpisode = readonly [season: number, number: number, at: number | null]

/** A series in a file. */
export interface ListedSeries {
  title: string
  /** The year of the first episode. */
  premiered: number | null
  /** The id of TheTVDB. */
  thetvdb: number | null
  imdb: string | null
  /** False for a series that its owner archived or no longer follows. */
  wanted: boolean
  watched: WatchedEpisode[]
}

/** A series of TVmaze that a person can choose. */
export interface SeriesChoice {
  id: number
  name: string
  premiered: string | null
  channel: string | null
}

/** What TVmaze has for a series of a file. */
export type Match =
  /** `byTheTvdb`: TVmaze itself says that the series has this id of TheTVDB. */
  | { state: 'found'; showId: number; title?: string; byTheTvdb?: boolean }
  | { state: 'unsure'; choices: SeriesChoice[] }
  | { state: 'unknown' }

export type ImportState = 'reading' | 'matching' | 'review' | 'done' | 'undone' | 'cancelled' | 'refused'

export interface SeriesImport {
  id: number
  chatId: number
  threadId: number | null
  fileId: string
  fileName: string
  state: ImportState
  messageId: number | null
  /** The attempts since the last one that ended without an unexpected error; the one that begins now counts. */
  tries: number
}

export interface WaitingSeries extends Pick<ListedSeries, 'title' | 'premiered' | 'thetvdb' | 'imdb'> {
  position: number
}

export interface UnsureSeries {
  position: number
  title: string
  premiered: number | null
  choices: SeriesChoice[]
}

/** How many series of an import are in each state, and how many episodes were watched. */
export interface ImportCounts {
  all: number
  waiting: number
  /** Found, and wanted. */
  found: number
  /** Not wanted by their owner: archived. */
  archived: number
  unsure: number
  unknown: number
  episodes: number
}

/** The result of an import. */
export interface Applied {
  added: number
  /** Series that the chat followed before. */
  already: number
  /** Series for which the chat has no room. */
  full: number
  /** Episodes that were marked as seen. */
  episodes: number
}

const columns = `id, chat_id as "chatId", thread_id as "threadId", file_id as "fileId", file_name as "fileName",
  state, message_id as "messageId", tries`

/** How long a process works on an import before another may take it over, in seconds. */
const leaseS = 180
/** The imports of one chat that may be open at once. */
export const maxOpenImports = 3
const rowsPerInsert = 500
/** SQL: nothing goes on with an unfinished import from before this time. */
const openSince = (now: string) => `${now}::timestamptz - interval '1 day'`

/** SQL: the unfinished imports of the last day on which no process works. */
const idleAt = (now: string) => `series_import join chat on chat.id = chat_id
  where state in ('reading', 'matching') and leased_until <= ${now} and unreachable_since is null and at > ${openSince(now)}`

/** SQL: the follows of recent imports that wait for their first fetch. */
const unfetchedAt = (now: string) => `series_import join imported_series on import_id = series_import.id
  join follow on follow.chat_id = series_import.chat_id and subject = 'show/' || show_id
  where series_import.state = 'done' and added and waiting_since is not null and at > ${now}::timestamptz - interval '2 days'`

/**
 * Marks the watched episodes of an import as seen, also those of series that are not followed any more. Keeps which
 * ones are new, so that an undo keeps the others.
 */
const markSeen = async (tx: Postgres, id: number, chatId: number, now: Date): Promise<void> => {
  await tx.query(
    `with watched as (
       select distinct on (show_id, season, number) position, show_id, season, number, seen_at, is_dated
       from imported_series cross join lateral (
         select (episode ->> 0)::integer as season, (episode ->> 1)::integer as number,
           least(coalesce(to_timestamp((episode ->> 2)::bigint), $3), $3) as seen_at,
           episode ->> 2 is not null as is_dated
         from jsonb_array_elements(watched) episode) episodes
       where import_id = $1 and state = 'found' order by show_id, season, number, seen_at
     ), marked as (
       insert into seen_episode (chat_id, show_id, season, number, seen_at, is_dated)
       select $2, show_id, season, number, seen_at, is_dated from watched on conflict do nothing
       returning show_id, season, number
     ), of_series as (
       select position, jsonb_agg(jsonb_build_array(season, number)) as seen
       from marked join watched using (show_id, season, number) group by position
     )
     update imported_series series set seen = of_series.seen from of_series
     where import_id = $1 and series.position = of_series.position`,
    [id, chatId, now],
  )
}

/** The tables `series_import` and `imported_series`. */
export const importsIn = (db: Postgres) => ({
  /** Adds an import and returns its id; null if the chat has too many open ones. The same cause again adds nothing. */
  add: (
    { chatId, threadId, fileId, fileName }: Pick<SeriesImport, 'chatId' | 'threadId' | 'fileId' | 'fileName'>,
    cause: string,
    now: Date,
  ): Promise<number | null> =>
    db.transaction(async tx => {
      await tx.query('select from chat where id = $1 for no key update', [chatId])
      const known = await tx.query<{ id: number }>('select id from series_import where chat_id = $1 and cause = $2', [
        chatId,
        cause,
      ])
      if (known.rows[0] !== undefined) return known.rows[0].id
      const open = await tx.query(
        `select from series_import where chat_id = $1 and state in ('reading', 'matching') and at > ${openSince('$2')}`,
        [chatId, now],
      )
      if (open.rowCount >= maxOpenImports) return null
      const { rows } = await tx.query<{ id: number }>(
        `insert into series_import (chat_id, thread_id, file_id, file_name, cause, at) values ($1, $2, $3, $4, $5, $6)
         returning id`,
        [chatId, threadId, fileId, fileName, cause, now],
      )
      return rows[0]!.id
    }),

  find: async (chatId: number, id: number): Promise<SeriesImport | null> =>
    (await db.query<SeriesImport>(`select ${columns} from series_import where chat_id = $1 and id = $2`, [chatId, id]))
      .rows[0] ?? null,

  /** Takes an unfinished import for `leaseS`; null if it is finished or another process works on it. */
  lease: async (id: number, now: Date): Promise<SeriesImport | null> =>
    (
      await db.query<SeriesImport>(
        `update series_import set leased_until = $2::timestamptz + interval '${leaseS} s', tries = tries + 1
         where id = $1 and state in ('reading', 'matching') and leased_until <= $2 returning ${columns}`,
        [id, now],
      )
    ).rows[0] ?? null,

  /** Gives an import back after an attempt without an unexpected error. Another process may take it at `until`. */
  release: async (id: number, until: Date): Promise<void> => {
    await db.query('update series_import set leased_until = $2, tries = 0 where id = $1', [id, until])
  },

  /** Gives an import back after an unexpected error. Another process may try again at `until`. */
  releaseFailed: async (id: number, until: Date): Promise<void> => {
    await db.query('update series_import set leased_until = $2 where id = $1', [id, until])
  },

  /** The unfinished imports of the last day on which no process works. */
  idle: async (now: Date): Promise<{ id: number; chatId: number }[]> =>
    (
      await db.query<{ id: number; chatId: number }>(
        `select series_import.id, chat_id as "chatId" from ${idleAt('$1')} order by leased_until limit 100`,
        [now],
      )
    ).rows,

  /** Whether there is an import that `idle` returns, or a follow that `toFetch` returns. */
  areWaiting: async (now: Date): Promise<boolean> =>
    (
      await db.query<{ are: boolean }>(
        `select exists (select from ${idleAt('$1')}) or exists (select from ${unfetchedAt('$1')}) as are`,
        [now],
      )
    ).rows[0]!.are,

  keepMessage: async (id: number, messageId: number): Promise<void> => {
    await db.query('update series_import set message_id = $2 where id = $1', [id, messageId])
  },

  /** Stores the series of the file, which was read. Does nothing if it was read before. */
  keepSeries: (id: number, series: readonly ListedSeries[]): Promise<void> =>
    db.transaction(async tx => {
      const { rowCount } = await tx.query(
        `update series_import set state = 'matching' where id = $1 and state = 'reading'`,
        [id],
      )
      if (rowCount === 0) return
      for (let from = 0; from < series.length; from += rowsPerInsert) {
        const rows = series.slice(from, from + rowsPerInsert).map((one, at) => ({ ...one, position: from + at }))
        await tx.query(
          `insert into imported_series (import_id, position, title, premiered, thetvdb, imdb, wanted, watched)
           select $1, position, title, premiered, thetvdb, imdb, wanted, watched
           from jsonb_to_recordset($2) as row (position integer, title text, premiered smallint, thetvdb integer,
             imdb text, wanted boolean, watched jsonb)`,
          [id, jsonText(rows)],
        )
      }
    }),

  /** Ends the import: from one of the states `from` into another. False if it was in none of them. */
  move: async (id: number, from: readonly ImportState[], to: ImportState): Promise<boolean> =>
    (await db.query('update series_import set state = $3 where id = $1 and state = any ($2)', [id, from, to]))
      .rowCount === 1,

  /** The first series that are not looked up yet. */
  waiting: async (id: number, limit: number): Promise<WaitingSeries[]> =>
    (
      await db.query<WaitingSeries>(
        `select position, title, premiered, thetvdb, imdb from imported_series
         where import_id = $1 and state = 'waiting' order by position limit $2`,
        [id, limit],
      )
    ).rows,

  /**
   * Finds the waiting series whose ids TVmaze found for another import in the last month. Saves calls to TVmaze. What
   * people chose, or what has the same name, says nothing about an id, because a file can be forged.
   */
  matchKnown: async (id: number, now: Date): Promise<void> => {
    await db.query(
      `update imported_series series set state = 'found', show_id = known.show_id
       from imported_series waiting cross join lateral (
         select other.show_id from imported_series other join series_import on series_import.id = other.import_id
         where other.thetvdb = waiting.thetvdb and other.by_thetvdb and at > $2::timestamptz - interval '30 days'
         order by at desc limit 1) known
       where waiting.import_id = $1 and waiting.state = 'waiting'
         and series.import_id = $1 and series.position = waiting.position and series.state = 'waiting'`,
      [id, now],
    )
  },

  keepMatch: async (id: number, position: number, match: Match): Promise<void> => {
    const found = match.state === 'found' ? match : null
    await db.query(
      `update imported_series set state = $3, show_id = $4, title = coalesce($5, title), choices = $6, by_thetvdb = $7
       where import_id = $1 and position = $2 and state = 'waiting'`,
      [
        id,
        position,
        match.state,
        found?.showId ?? null,
        found?.title ?? null,
        match.state === 'unsure' ? jsonText(match.choices) : null,
        found?.byTheTvdb === true,
      ],
    )
  },

  counts: async (id: number): Promise<ImportCounts> =>
    (
      await db.query<ImportCounts>(
        `select count(*) as all, count(*) filter (where state = 'waiting') as waiting,
         count(*) filter (where state = 'found' and wanted) as found, count(*) filter (where not wanted) as archived,
         count(*) filter (where state = 'unsure') as unsure, count(*) filter (where state = 'unknown' and wanted) as unknown,
         coalesce(sum(jsonb_array_length(watched)) filter (where state = 'found'), 0) as episodes
         from imported_series where import_id = $1`,
        [id],
      )
    ).rows[0]!,

  /** The titles of the series that TVmaze does not have. */
  unknownTitles: async (id: number, limit: number): Promise<string[]> =>
    (
      await db.query<{ title: string }>(
        `select title from imported_series where import_id = $1 and state = 'unknown' and wanted order by position limit $2`,
        [id, limit],
      )
    ).rows.map(({ title }) => title),

  /** The first series among whose choices the person has not chosen; null if there is none. */
  firstUnsure: async (id: number): Promise<UnsureSeries | null> =>
    (
      await db.query<UnsureSeries>(
        `select position, title, premiered, choices from imported_series where import_id = $1 and state = 'unsure'
         order by position limit 1`,
        [id],
      )
    ).rows[0] ?? null,

  /** Chooses the series with this id, or leaves the series out. Only ids among the choices are accepted. */
  choose: async (id: number, position: number, showId: number | null): Promise<boolean> =>
    (
      await db.query(
        `update imported_series set state = case when $3::integer is null then 'left out' else 'found' end, show_id = $3
         where import_id = $1 and position = $2 and state = 'unsure'
         and ($3::integer is null or jsonb_path_exists(choices, '$[*].id ? (@ == $id)', jsonb_build_object('id', $3::integer)))`,
        [id, position, showId],
      )
    ).rowCount === 1,

  /**
   * Follows the series of an import in review that are found and wanted, up to `followsPerChat`. Returns the same
   * result again for an import that is done, and null for any other. The row of the chat is locked, so that parallel
   * follows count.
   */
  apply: (
    { id, chatId, threadId }: Pick<SeriesImport, 'id' | 'chatId' | 'threadId'>,
    followsPerChat: number,
    now: Date,
  ): Promise<Applied | null> =>
    db.transaction(async tx => {
      await tx.query('select from chat where id = $1 for no key update', [chatId])
      const { rowCount: isNow } = await tx.query(
        `update series_import set state = 'done', done_at = $3 where id = $1 and chat_id = $2 and state = 'review'`,
        [id, chatId, now],
      )
      if (isNow === 1)
        await tx.query(
          `with new as (
             select distinct on (show_id) show_id, position, title from imported_series
             where import_id = $1 and state = 'found' and wanted
             and not exists (select from follow where chat_id = $2 and subject = 'show/' || show_id)
             order by show_id, position
           ), fitting as (
             select * from new order by position limit greatest(0, $5::integer -
               (select count(*) from follow where chat_id = $2 and starts_with(subject, 'show/')))
           ), inserted as (
             insert into follow (chat_id, subject, followed_at, title, thread_id, waiting_since)
             select $2, 'show/' || show_id, $3, title, $4, $3 from fitting
           )
           update imported_series series set added = true from fitting
           where import_id = $1 and series.position = fitting.position`,
          [id, chatId, now, threadId, followsPerChat],
        )
      if (isNow === 1) await markSeen(tx, id, chatId, now)
      const { rows } = await tx.query<Applied>(
        `select count(*) filter (where is_added) as added, count(*) filter (where is_followed and not is_added) as already,
         count(*) filter (where not is_followed) as full,
         (select sum(jsonb_array_length(seen)) from imported_series where import_id = $1) as episodes
         from (select bool_or(added) as is_added, bool_or(subject is not null) as is_followed
           from imported_series join series_import on series_import.id = import_id and series_import.state = 'done'
           left join follow on follow.chat_id = $2 and subject = 'show/' || show_id
           where import_id = $1 and series_import.chat_id = $2 and imported_series.state = 'found' and wanted
           group by show_id) wanted having count(*) > 0`,
        [id, chatId],
      )
      return rows[0] ?? null
    }),

  /** Removes the follows and the seen episodes that an import added. Null if there is nothing to undo. */
  undo: (id: number, chatId: number): Promise<{ series: number; episodes: number } | null> =>
    db.transaction(async tx => {
      const { rows } = await tx.query<{ doneAt: Date }>(
        `update series_import set state = 'undone' where id = $1 and chat_id = $2 and state = 'done'
         returning done_at as "doneAt"`,
        [id, chatId],
      )
      if (rows[0] === undefined) return null
      const { rowCount: series } = await tx.query(
        `delete from follow using imported_series series where import_id = $1 and added
         and chat_id = $2 and subject = 'show/' || show_id and followed_at = $3`,
        [id, chatId, rows[0].doneAt],
      )
      const { rowCount: episodes } = await tx.query(
        `delete from seen_episode using imported_series series, jsonb_array_elements(series.seen) episode
         where import_id = $1 and seen_episode.chat_id = $2 and seen_episode.show_id = series.show_id
         and season = (episode ->> 0)::integer and number = (episode ->> 1)::integer`,
        [id, chatId],
      )
      return { series, episodes }
    }),

  /** The follows of recent imports that wait for their first fetch. */
  toFetch: async (limit: number, now: Date): Promise<{ chatId: number; showId: number; followedAt: Date }[]> =>
    (
      await db.query<{ chatId: number; showId: number; followedAt: Date }>(
        `select follow.chat_id as "chatId", show_id as "showId", followed_at as "followedAt"
         from ${unfetchedAt('$2')}
         order by looked_at nulls first, done_at, position limit $1`,
        [limit, now],
      )
    ).rows,
})

export type Imports = ReturnType<typeof importsIn>

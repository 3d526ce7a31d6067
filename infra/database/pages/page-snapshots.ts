import type { Postgres } from '../connect.ts'
import { factsSql, type PageFacts } from './page-facts.ts'
import type { PageQuery, ReadPage } from './page-reading.ts'
import { type SumRow, sumsSql } from './page-sums.ts'
import {
  componentsOf,
  historyColumns,
  pageAt,
  pageOf,
  type ReadHistory,
  valuesOf,
  valuesOfHistory,
} from './read-page.ts'

/** What is read of a page. `page` is null if the reader knows this version already. */
export interface ReadSnapshot {
  version: number
  /** The time of the facts. */
  madeAt: Date
  page: ReadPage | null
  /** Makes a new snapshot and a longer history for the next visitors, if they are old. */
  upkeep(): Promise<void>
}

interface Snapshot {
  version: number
  madeAt: Date
  facts: PageFacts
}

interface Row extends ReadHistory {
  id: number
  /** null without a snapshot. */
  version: number | null
  madeAt: Date | null
  holds: boolean
  /** This and the following are null if the reader knows this version. */
  facts: PageFacts | null
  /** The kept sums of the hours that are over; `sums` has the later ones. */
  closed: SumRow[] | null
  until: Date | null
}

/** A snapshot that another process has made this short time ago is not made again. */
const freshMs = 5_000
/** An older snapshot is made anew, but still answers while this happens. */
const usualMs = 60_000
/** A snapshot that is older than this, or marked as changed, never answers. */
const longestMs = 10 * 60_000
/** The history of pages is extended if it has not these hours. Later hours are added when a page is read. */
const historyMs = 2 * 3_600_000
/** Results may be stored this late after their hour; until then the hour is not part of the kept history. */
const lateMs = 10 * 60_000
const hourMs = 3_600_000

/** SQL: whether the row `snapshot` shows everything at the time `now`. */
const holds = (now: string) => `(snapshot.valid_until > ${now} and not exists (
  select from page_change where page_change.page_id = snapshot.page_id))`

/** The unit of the history that is kept; null if it is read from the tables each time, because that is fast. */
const keptUnit = ({ history, unit }: PageQuery) =>
  unit === 'utc day' || history === 'together' || 'monitorId' in history || history.count === 0 ? null : unit

/** How far back the kept history goes, so that all periods with the same unit share it. */
const keptDays: Record<'hour' | 'day', number> = { hour: 9, day: 92 }

const readSql = (query: PageQuery) => `
  with page as (
    select page.id, chat.zone, snapshot.version, snapshot.made_at, snapshot.facts,
      coalesce(snapshot.made_at > $6 and ${holds('$5')}, false) as holds
    from ${pageAt} left join page_snapshot snapshot on snapshot.page_id = page.id
  ), component as (
    ${componentsOf(query, '$8', '$9')}
  ), kept as (${
    keptUnit(query) === null
      ? 'select null::timestamptz as until, null::json as sums'
      : `select until, sums from page join page_history kept on kept.page_id = page.id and unit = $10 and first = $8
           and kept.zone = page.zone and since <= $4 and monitor_ids = (select array_agg(monitor_id) from component)`
  })
  select id, version, made_at as "madeAt", holds, read.* from page left join kept on true left join lateral (
    select page.facts, until, kept.sums as closed, ${historyColumns(query, 'coalesce(until, $4::timestamptz)', '$5::timestamptz', '$4::timestamptz')}
    where not holds or version is distinct from $7
  ) read on true`

/** The tables `page_snapshot` and `page_history`, for those who show pages to visitors. */
export const pageSnapshotsIn = (db: Postgres) => {
  /**
   * Makes a snapshot from the tables. Snapshots of a page are made one after the other, so a newer one always contains
   * more. The statement removes exactly the marks of the changes that it sees. Null if there is no such page.
   */
  const make = (pageId: number, now: Date): Promise<Snapshot | null> =>
    db.transaction(async tx => {
      await tx.query(`select pg_advisory_xact_lock(hashtextextended('page_snapshot', $1))`, [pageId])
      const fresh = await tx.query<Snapshot>(
        `select version, made_at as "madeAt", facts from page_snapshot snapshot
         where page_id = $1 and made_at > $3 and ${holds('$2')}`,
        [pageId, now, new Date(now.getTime() - freshMs)],
      )
      if (fresh.rows[0] !== undefined) return fresh.rows[0]
      const { rows } = await tx.query<Snapshot>(
        `with seen as (delete from page_change where page_id = $1), made as (${factsSql})
         insert into page_snapshot (page_id, version, made_at, valid_until, facts)
         select page_id, pg_current_xact_id()::text::bigint, $2, valid_until, facts from made
         on conflict (page_id) do update set version = excluded.version, made_at = excluded.made_at,
           valid_until = excluded.valid_until, facts = excluded.facts
         returning version, made_at as "madeAt", facts`,
        [pageId, now],
      )
      return rows[0] ?? null
    })

  /** Keeps the sums of the hours that are over. */
  const keepHistory = async (pageId: number, unit: 'hour' | 'day', query: PageQuery): Promise<void> => {
    const until = new Date(Math.floor((query.now.getTime() - lateMs) / hourMs) * hourMs)
    const since = new Date(until.getTime() - keptDays[unit] * 24 * hourMs)
    await db.query(
      `with page as (
         select page.id, chat.zone from status_page page join chat on chat.id = chat_id where page.id = $1
       ), component as (${componentsOf(query, '$2', '$3')})
       insert into page_history (page_id, unit, first, monitor_ids, zone, since, until, sums)
       select page_id, $4, $2, array(select monitor_id from component), zone, $5, $6,
         (${sumsSql(unit, '$5', `$6::timestamptz - interval '1 microsecond'`)})
       from page join page_snapshot on page_id = page.id
       on conflict (page_id, unit, first) do update set monitor_ids = excluded.monitor_ids, zone = excluded.zone,
         since = excluded.since, until = excluded.until, sums = excluded.sums`,
      [pageId, ...valuesOfHistory(query), unit, since, until],
    )
  }

  return {
    /**
     * The page at an address from its snapshot, with one query. If there is no snapshot that holds, it is made first.
     * Null if there is no such page. `known` is the version that the reader has already.
     */
    read: async (query: PageQuery, known: number | null = null): Promise<ReadSnapshot | null> => {
      const { now } = query
      const unit = keptUnit(query)
      const { rows } = await db.query<Row>(readSql(query), [
        ...valuesOf(query.address),
        query.since,
        now,
        new Date(now.getTime() - longestMs),
        known,
        ...valuesOfHistory(query),
        ...(unit === null ? [] : [unit]),
      ])
      const row = rows[0]
      if (row === undefined) return null
      const { id, version, madeAt, holds, facts } = row
      const isKnown = holds && version === known
      const snapshot = holds ? { version: version!, madeAt: madeAt!, facts: facts! } : await make(id, now)
      if (snapshot === null) return null
      const isOld = now.getTime() - snapshot.madeAt.getTime() >= usualMs
      const lacksHistory =
        unit !== null && !isKnown && (row.until === null || row.until.getTime() < now.getTime() - historyMs)
      return {
        version: snapshot.version,
        madeAt: snapshot.madeAt,
        page: isKnown ? null : pageOf(snapshot.facts, { ...row, sums: [...(row.closed ?? []), ...row.sums] }, query),
        upkeep: async () => {
          if (isOld) await make(id, now)
          if (lacksHistory) await keepHistory(id, unit, query)
        },
      }
    },
  }
}

export type PageSnapshots = ReturnType<typeof pageSnapshotsIn>

import type { Postgres } from '../connect.ts'

/** A table with rows of a chat. */
interface OwnTable {
  table: string
  /** An SQL condition on `row`; `$1` is the chat. By default `row.chat_id = $1`. */
  where?: string
  /** Columns that are secret or mean nothing outside of Vigia. */
  hidden?: string[]
  /** An SQL expression of JSON with further columns. */
  added?: string
}

const ofMonitor = 'row.monitor_id in (select id from monitor where chat_id = $1)'
const ofPage = 'row.page_id in (select id from status_page where chat_id = $1)'
const ofIncident = `row.incident_id in (select incident.id from incident join monitor on monitor.id = monitor_id where chat_id = $1)`

/** The tables whose rows a chat gets as its data. A test finds a table that is missing here and in `leftOut`. */
const exported: readonly OwnTable[] = [
  { table: 'chat', where: 'row.id = $1' },
  { table: 'follow', hidden: ['next_at', 'told_until', 'looked_at'] },
  { table: 'notice_setting' },
  { table: 'seen_episode' },
  { table: 'series_import', hidden: ['file_id', 'leased_until', 'cause'] },
  {
    table: 'imported_series',
    where: 'row.import_id in (select id from series_import where chat_id = $1)',
    hidden: ['choices', 'seen'],
    // Only how many: the episodes themselves are in seen_episode, and those of many imports would exceed the memory.
    added: `jsonb_build_object('watched', jsonb_array_length(row.watched))`,
  },
  { table: 'search' },
  // Who has the secret can read the calendar.
  { table: 'episode_calendar', hidden: ['secret', 'entries', 'version'] },
  { table: 'monitor' },
  { table: 'incident', where: ofMonitor },
  { table: 'incident_answer', where: ofIncident },
  { table: 'maintenance' },
  { table: 'maintenance_window', where: 'row.maintenance_id in (select id from maintenance where chat_id = $1)' },
  // Who has the token can send pings.
  { table: 'heartbeat', hidden: ['token'] },
  { table: 'probe_day', where: ofMonitor },
  { table: 'status_page', hidden: ['secret', 'member_key'] },
  { table: 'status_page_component', where: ofPage },
  { table: 'page_post', where: ofPage },
  { table: 'report_setting' },
  { table: 'api_key', hidden: ['hash', 'cause'] },
  {
    table: 'webhook',
    // The path of the URL can be a secret too.
    hidden: ['url', 'secret', 'old_secret', 'busy_until', 'cause'],
    added: `jsonb_build_object('host', substring(row.url from '^https?://([^/?#]+)'))`,
  },
]

/** Tables of a chat that are not exported: secrets, working states, and what other tables say already. */
export const leftOut: readonly string[] = [
  ...['announcement', 'heartbeat_key', 'heartbeat_ping', 'message', 'monitor_draft', 'monitor_event'],
  ...['monitor_secret', 'page_impact_hour', 'page_logo', 'page_post_draft', 'page_history', 'page_snapshot'],
  ...['probe_hour', 'removed_monitor', 'report', 'waiting_notice', 'webhook_delivery'],
]

export const exportedTables: readonly string[] = exported.map(({ table }) => table)

/** Rows that are read from a table at once, so that the memory holds no more. */
const rowsPerPage = 1_000

export type ExportedRow = Record<string, unknown>

/** A table of an export. Its rows are read page by page, as often as they are asked for. */
export interface ExportedTable {
  name: string
  pages(): AsyncIterable<ExportedRow[]>
  /** Whether the table has more rows than an export may have. Known after the rows were read. */
  isCut(): boolean
}

const exportedTable = (
  tx: Postgres,
  { table, where = 'row.chat_id = $1', hidden = [], added = `'{}'::jsonb` }: OwnTable,
  chatId: number,
  maxRows: number,
): ExportedTable => {
  let isCut = false
  return {
    name: table,
    isCut: () => isCut,
    async *pages() {
      await tx.query(
        `declare exported no scroll cursor for
         select (to_jsonb(row) - $2::text[]) || ${added} as row from ${table} row where ${where} limit $3`,
        [chatId, hidden, maxRows + 1],
      )
      for (let left = maxRows; ; left -= rowsPerPage) {
        const { rows } = await tx.query<{ row: ExportedRow }>(`fetch ${rowsPerPage} from exported`)
        isCut = rows.length > left
        if (rows.length > 0) yield rows.slice(0, left).map(({ row }) => row)
        if (rows.length < rowsPerPage || isCut) break
      }
      await tx.query('close exported')
    },
  }
}

/** What a chat has: the numbers for the question before everything is deleted. */
export interface OwnedCounts {
  series: number
  monitors: number
  pages: number
  imports: number
  keys: number
  webhooks: number
}

/** All rows of a chat, for an export and for the deletion. `maxRows`: the most rows of one table in an export. */
export const personalDataIn = (db: Postgres, maxRows = 200_000) => ({
  /**
   * Calls `write` with the tables of the chat, without secrets. All pages are from the same instant, because they are
   * read in one transaction.
   */
  read: <Result>(chatId: number, write: (tables: ExportedTable[]) => Promise<Result>): Promise<Result> =>
    db.transaction(async tx => {
      await tx.query('set transaction isolation level repeatable read, read only')
      return await write(exported.map(table => exportedTable(tx, table, chatId, maxRows)))
    }),

  counts: async (chatId: number): Promise<OwnedCounts> =>
    (
      await db.query<OwnedCounts>(
        `select (select count(*) from follow where chat_id = $1 and starts_with(subject, 'show/')) as series,
         (select count(*) from monitor where chat_id = $1) as monitors,
         (select count(*) from status_page where chat_id = $1) as pages,
         (select count(*) from series_import where chat_id = $1) as imports,
         (select count(*) from api_key where chat_id = $1) as keys,
         (select count(*) from webhook where chat_id = $1) as webhooks`,
        [chatId],
      )
    ).rows[0]!,

  /** Deletes all rows of the chat. Returns what there was; null if the chat has no row any more. */
  erase: (chatId: number): Promise<OwnedCounts | null> =>
    db.transaction(async tx => {
      const { rowCount } = await tx.query('select from chat where id = $1 for update', [chatId])
      if (rowCount === 0) return null
      const counts = await personalDataIn(tx).counts(chatId)
      // One after another, because the history of all monitors at once can take longer than a statement may.
      for (let left = counts.monitors; left > 0; left--)
        await tx.query('delete from monitor where id = (select id from monitor where chat_id = $1 limit 1)', [chatId])
      await tx.query('delete from chat where id = $1', [chatId])
      return counts
    }),
})

export type PersonalData = ReturnType<typeof personalDataIn>

import { maxKeysPerChat } from '../chats/api-keys.ts'
import type { Postgres } from '../connect.ts'
import { keptPings } from '../uptime/heartbeats.ts'
import { hourDays, probeHoursIn } from '../uptime/probe-hours.ts'
import { resultPartitionsIn } from '../uptime/result-partitions.ts'
import { maxWebhooksPerChat } from '../webhooks/webhooks.ts'

const dayMs = 24 * 3_600_000
const gibibyte = 1024 ** 3

/** How long the rows of a table are kept, and how many of them. */
interface Limits {
  table: string
  /** A row is deleted if the time in this column is older than `days`, or not among the newest `rows`. */
  column: string
  days: number
  rows: number
  /** An SQL condition. Only rows that fulfil it are deleted; the other rows are unfinished and stay. */
  finished?: string
}

/** Tables with a limit of age and of number. Each has an index that begins with the column. */
const limited: Limits[] = [
  { table: 'alert', column: 'at', days: 30, rows: 100_000 },
  { table: 'announcement', column: 'announced_at', days: 400, rows: 1_000_000 },
  {
    table: 'announcement_event',
    column: 'published_at',
    days: 30,
    rows: 100_000,
    finished: 'published_at is not null',
  },
  { table: 'dead_letter', column: 'at', days: 90, rows: 10_000 },
  { table: 'incident', column: 'closed_at', days: 400, rows: 500_000, finished: 'closed_at is not null' },
  { table: 'look', column: 'free_at', days: 1, rows: 100_000 },
  { table: 'maintenance_window', column: 'ends_at', days: 400, rows: 500_000, finished: `told = 'ended'` },
  { table: 'message', column: 'requested_at', days: 45, rows: 1_000_000, finished: `state in ('sent', 'refused')` },
  { table: 'monitor_event', column: 'at', days: 45, rows: 1_000_000 },
  { table: 'monitor_draft', column: 'changed_at', days: 2, rows: 100_000 },
  { table: 'operator_notice', column: 'last_at', days: 90, rows: 10_000 },
  { table: 'removed_monitor', column: 'removed_at', days: 1, rows: 10_000 },
  { table: 'page_change', column: 'at', days: 1, rows: 100_000 },
  { table: 'page_post', column: 'at', days: 400, rows: 100_000 },
  { table: 'page_impact_hour', column: 'hour', days: 400, rows: 1_000_000 },
  { table: 'page_post_draft', column: 'at', days: 2, rows: 100_000 },
  { table: 'page_snapshot', column: 'made_at', days: 1, rows: 10_000 },
  { table: 'report', column: 'made_at', days: 7, rows: 50_000 },
  { table: 'search', column: 'at', days: 30, rows: 100_000 },
  { table: 'series_import', column: 'at', days: 30, rows: 20_000 },
  { table: 'skipped_record', column: 'reported_at', days: 30, rows: 100_000 },
  { table: 'waiting_notice', column: 'done_at', days: 30, rows: 100_000, finished: 'done_at is not null' },
  {
    table: 'webhook_delivery',
    column: 'requested_at',
    days: 30,
    rows: 500_000,
    finished: `state in ('sent', 'failed')`,
  },
  { table: 'telegram_update', column: 'seen_at', days: 3, rows: 5_000_000 },
]

const resultDays = 14
const resultBytes = 8 * gibibyte
/**
 * The results of these days are kept whatever their size, because reports and uptime need the results since yesterday.
 */
const minResultDays = 2
const unreachableDays = 400
const pauseDays = 30

/** The retention of one table. */
export interface Retention {
  table: string
  /** The description in infra/database/README.md. */
  kept: string
  /**
   * Deletes expired rows in short statements; probe-scheduler calls it once an hour. Absent if the rows are deleted
   * with their owner, or are few.
   */
  deleteExpired?(db: Postgres, now: Date): Promise<void>
}

// Without Intl, because loading its data would cost every cold start several milliseconds.
const withCommas = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

/** The retention of every table in migrations/. A test compares the list with the schema and with the README. */
export const retentions: Retention[] = [
  ...limited.map(
    (limits): Retention => ({
      table: limits.table,
      kept: `${limits.days} ${limits.days === 1 ? 'day' : 'days'}, at most ${withCommas(limits.rows)} rows${limits.finished ? '; unfinished rows stay' : ''}`,
      deleteExpired: (db, now) => deleteBeyondLimits(db, limits, now),
    }),
  ),
  {
    table: 'bot_pause',
    kept: `one row for each bot, until ${pauseDays} days after its pause has ended`,
    deleteExpired: (db, now) => deleteWhere(db, 'bot_pause', 'until < $1', [before(now, pauseDays)]),
  },
  {
    table: 'chat',
    kept: `until ${unreachableDays} days after the chat became unreachable`,
    deleteExpired: (db, now) => deleteWhere(db, 'chat', 'unreachable_since < $1', [before(now, unreachableDays)], 50),
  },
  {
    table: 'chat_moved',
    kept: 'until the chat with the new id is deleted',
    deleteExpired: db => deleteWhere(db, 'chat_moved', 'not exists (select from chat where chat.id = to_id)', []),
  },
  { table: 'api_key', kept: `until it is revoked; at most ${maxKeysPerChat} of a chat` },
  { table: 'cursor', kept: 'one row for each job' },
  { table: 'follow', kept: 'until it is removed; at most as many as a chat may have' },
  { table: 'imported_series', kept: 'until its import is deleted; at most 2,000 of each' },
  { table: 'incident_answer', kept: 'until its incident is deleted' },
  {
    table: 'maintenance',
    kept: 'while it repeats, or has a row in `maintenance_window`',
    deleteExpired: db =>
      deleteWhere(
        db,
        'maintenance',
        'cron is null and not exists (select from maintenance_window where maintenance_id = maintenance.id)',
        [],
      ),
  },
  { table: 'heartbeat', kept: 'until its monitor is deleted' },
  { table: 'heartbeat_key', kept: 'until the chat is deleted' },
  { table: 'heartbeat_ping', kept: `the last ${keptPings} pings of each heartbeat` },
  { table: 'migration', kept: 'one row for each migration' },
  { table: 'monitor', kept: 'until it is deleted; at most as many as a chat may have' },
  { table: 'monitor_secret', kept: 'until its monitor is deleted' },
  { table: 'notice_setting', kept: 'until the chat is deleted; at most one for each series' },
  { table: 'operator_digest', kept: 'one row' },
  { table: 'page_history', kept: 'until the snapshot of its page is deleted' },
  { table: 'report_setting', kept: 'until the chat is deleted' },
  { table: 'seen_episode', kept: 'until the chat is deleted' },
  { table: 'series_name', kept: 'the names of each series in the catalogue' },
  { table: 'episode_calendar', kept: 'until it is revoked; one of a chat' },
  { table: 'status_page', kept: 'until it is deleted; at most as many as a chat may have' },
  { table: 'page_logo', kept: 'until it is removed, or its page is deleted' },
  { table: 'status_page_component', kept: 'until its page or its monitor is deleted' },
  { table: 'webhook', kept: `until it is deleted; at most ${maxWebhooksPerChat} of a chat` },
  { table: 'tvmaze_budget', kept: 'one row' },
  {
    table: 'probe_hour',
    kept: `${hourDays} days, one row for each monitor and hour`,
    deleteExpired: (db, now) => probeHoursIn(db).deleteBefore(before(now, hourDays)),
  },
  {
    table: 'probe_slot',
    kept: `${resultDays} days, at most ${resultBytes / gibibyte} GiB; the last ${minResultDays} days stay in any case`,
    deleteExpired: async (db, now) => {
      await resultPartitionsIn(db).dropPartitionsBefore(before(now, resultDays))
      await resultPartitionsIn(db).dropOldestPartitions(resultBytes, before(now, minResultDays))
    },
  },
  { table: 'probe_result', kept: 'as `probe_slot`; only releases before migration 0024 write it' },
  { table: 'probe_day', kept: 'until its monitor is deleted; one row for each monitor and day' },
]

const before = (now: Date, days: number) => new Date(now.getTime() - days * dayMs)

/**
 * Deletes the expired rows of all tables. An error in one table does not stop the others; the first error is thrown at
 * the end.
 */
export const deleteExpired = async (db: Postgres, now: Date): Promise<void> => {
  const errors: unknown[] = []
  for (const { deleteExpired } of retentions) await deleteExpired?.(db, now).catch(error => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

const deleteBeyondLimits = async (db: Postgres, limits: Limits, now: Date): Promise<void> => {
  const { table, column, days, rows, finished = 'true' } = limits
  const { rows: found } = await db.query<{ at: Date | null }>(
    `select ${column} as at from ${table} where ${finished} order by ${column} desc offset $1 limit 1`,
    [rows],
  )
  const old = before(now, days)
  const first = found[0]?.at
  // Rows with the same time are kept or deleted together. The first row beyond the limit is deleted.
  await deleteWhere(db, table, `${finished} and ${column} < $1`, [old])
  if (first && first >= old) await deleteWhere(db, table, `${finished} and ${column} <= $1`, [first])
}

/** Limit of rows for one statement, so that it holds its locks only for a short time. */
const batchSize = 5_000
/** Limit of statements for one table and run. The next run continues. */
const maxBatches = 40

const deleteWhere = async (db: Postgres, table: string, condition: string, values: unknown[], maxRows = batchSize) => {
  for (let remaining = maxBatches; remaining > 0; remaining--) {
    const { rowCount } = await db.query(
      `delete from ${table} where ctid = any (array(select ctid from ${table} where ${condition} limit ${maxRows} for update skip locked))`,
      values,
    )
    if (rowCount < maxRows) return
  }
}

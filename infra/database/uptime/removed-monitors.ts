import { jsonText, type Postgres } from '../connect.ts'
import { type ExceededLimit, exceededLimit, type MonitorLimits } from './monitor-limits.ts'
import { monitorsIn } from './monitors.ts'

/** A monitor that was deleted, and that can be restored. */
export interface RemovedMonitor {
  id: number
  name: string
}

/**
 * The result of a restoration. `gone`: the chat has no such removed monitor. `exists`: the chat has added a monitor of
 * the same address since.
 */
export type Restored = { monitorId: number } | { exceeded: ExceededLimit } | 'gone' | 'exists'

/** A table whose rows are deleted with a monitor: `column` refers to `parentColumn` of the table `parent`. */
interface Dependent {
  name: string
  column: string
  parent: string
  parentColumn: string
}

/** The tables that depend on `monitor`, each after the table on which it depends. */
const dependents = async (db: Postgres): Promise<Dependent[]> =>
  (
    await db.query<Dependent>(
      `with recursive reference as (
         select conrelid, confrelid, conkey[1] as attribute, confkey[1] as parent_attribute from pg_constraint
         where contype = 'f' and confdeltype = 'c' and conrelid <> confrelid
       ), dependent as (
         select reference.*, 1 as depth from reference where confrelid = 'monitor'::regclass
         union all
         select reference.*, depth + 1 from reference join dependent on dependent.conrelid = reference.confrelid
       )
       select conrelid::regclass::text as name, confrelid::regclass::text as parent, own.attname as column,
         other.attname as "parentColumn"
       from dependent
       join pg_attribute own on own.attrelid = conrelid and own.attnum = attribute
       join pg_attribute other on other.attrelid = confrelid and other.attnum = parent_attribute
       order by depth, name`,
    )
  ).rows

/** The columns that can be inserted: all but those that PostgreSQL computes. */
const columnsOf = async (db: Postgres, table: string): Promise<string> =>
  (
    await db.query<{ columns: string }>(
      `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [table],
    )
  ).rows[0]!.columns

/** The removed rows of each table, the monitor first. */
type Content = { tables: [name: string, rows: Record<string, unknown>[]][]; children: number[] }

/** The table `removed_monitor`: deleted monitors with everything that was deleted with them. */
export const removedMonitorsIn = (db: Postgres) => ({
  /**
   * Deletes a monitor of the chat so that it can be restored. A repeated deletion finds what was removed before. Null
   * if the chat has no monitor with this id.
   */
  remove: (chatId: number, monitorId: number, now: Date): Promise<RemovedMonitor | null> =>
    db.transaction(async tx => {
      const { rows: monitors } = await tx.query<{ row: Record<string, unknown> }>(
        'select to_jsonb(monitor) as row from monitor where chat_id = $1 and id = $2 for update',
        [chatId, monitorId],
      )
      if (monitors.length === 0) return removedBefore(tx, chatId, monitorId)
      const saved = new Map<string, Record<string, unknown>[]>([['monitor', monitors.map(({ row }) => row)]])
      for (const { name, column, parent, parentColumn } of await dependents(tx)) {
        const keys = (saved.get(parent) ?? []).map(row => row[parentColumn])
        const { rows } = await tx.query<{ row: Record<string, unknown> }>(
          `select to_jsonb(${name}) as row from ${name} where ${column} = any ($1::bigint[])`,
          [keys],
        )
        saved.set(
          name,
          rows.map(({ row }) => row),
        )
      }
      const follows = await tx.query<{ row: Record<string, unknown> }>(
        'select to_jsonb(follow) as row from follow where chat_id = $1 and subject = $2',
        [chatId, `monitor/${monitorId}`],
      )
      saved.set(
        'follow',
        follows.rows.map(({ row }) => row),
      )
      const children = await tx.query<{ id: number }>('select id from monitor where parent_id = $1', [monitorId])
      const { name } = (await monitorsIn(tx).remove(chatId, monitorId))!
      const content: Content = { tables: [...saved], children: children.rows.map(({ id }) => id) }
      const { rows } = await tx.query<{ id: number }>(
        'insert into removed_monitor (chat_id, monitor_id, name, content, removed_at) values ($1, $2, $3, $4, $5) returning id',
        [chatId, monitorId, name, jsonText(content), now],
      )
      return { id: rows[0]!.id, name }
    }),

  /**
   * Restores a monitor with its history, its answers and its secrets, within the limits. A repeated restoration finds
   * it restored.
   */
  restore: (
    chatId: number,
    id: number,
    { personId, limits, now }: { personId: number; limits: MonitorLimits; now: Date },
  ): Promise<Restored> =>
    db.transaction(async tx => {
      const { rows } = await tx.query<{ monitorId: number; content: Content; isRestored: boolean }>(
        `select monitor_id as "monitorId", content, restored_at is not null as "isRestored"
         from removed_monitor where chat_id = $1 and id = $2 for update`,
        [chatId, id],
      )
      const removed = rows[0]
      if (removed === undefined) return 'gone'
      if (removed.isRestored) return { monitorId: removed.monitorId }
      const { tables, children } = removed.content
      const monitor = tables[0]![1][0] as {
        id: number
        chat_id: number
        url: string
        interval_s: number
        config_key: string | null
      }
      const { rows: same } = await tx.query(
        `select from monitor where chat_id = $1 and url = $2 and coalesce(config_key, '') = coalesce($3, '')`,
        [chatId, monitor.url, monitor.config_key],
      )
      if (same.length > 0) return 'exists'
      const wanted = { chatId, personId, url: monitor.url, configKey: monitor.config_key, address: null }
      const exceeded = await exceededLimit(tx, { ...wanted, intervalS: monitor.interval_s }, limits)
      if (exceeded !== null) return { exceeded }
      for (const [name, content] of tables) {
        if (content.length === 0) continue
        const columns = await columnsOf(tx, name)
        await tx.query(
          `insert into ${name} (${columns}) overriding system value
           select ${columns} from jsonb_populate_recordset(null::${name}, $1::jsonb) saved where ${await partnersOf(tx, name)}
           on conflict do nothing`,
          [
            jsonText(
              inChat(name === 'monitor' ? await withoutGoneParent(tx, content) : content, monitor.chat_id, chatId),
            ),
          ],
        )
      }
      await tx.query('update monitor set active_since = now(), person_id = $2, version = version + 1 where id = $1', [
        monitor.id,
        personId,
      ])
      // A child that the restored monitor depends on by now stays as it is, so that no circle comes into being.
      await tx.query(
        `with recursive above as (
           select parent_id as id from monitor where id = $1
           union select parent_id from monitor join above using (id)
         )
         update monitor set parent_id = $1 where id = any ($2) and chat_id = $3 and parent_id is null
           and not exists (select from above where above.id = monitor.id)`,
        [monitor.id, children, chatId],
      )
      await tx.query(`update removed_monitor set content = '{}', restored_at = $2 where id = $1`, [id, now])
      return { monitorId: monitor.id }
    }),
})

const removedBefore = async (tx: Postgres, chatId: number, monitorId: number): Promise<RemovedMonitor | null> =>
  (
    await tx.query<RemovedMonitor>(
      `select id, name from removed_monitor
       where chat_id = $1 and monitor_id = $2 and restored_at is null order by id desc limit 1`,
      [chatId, monitorId],
    )
  ).rows[0] ?? null

/**
 * SQL: whether the other rows to which the row `saved` of a table refers are still there. A status page, for example,
 * may have been deleted since, and then the monitor is restored without its place on it.
 */
const partnersOf = async (db: Postgres, table: string): Promise<string> =>
  (
    await db.query<{ condition: string }>(
      `select coalesce(string_agg(format('(saved.%1$I is null or exists (select from %2$s partner where partner.%3$I = saved.%1$I))',
         own.attname, confrelid::regclass, other.attname), ' and '), 'true') as condition
       from pg_constraint
       join pg_attribute own on own.attrelid = conrelid and own.attnum = conkey[1]
       join pg_attribute other on other.attrelid = confrelid and other.attnum = confkey[1]
       where contype = 'f' and conrelid = $1::regclass and confrelid <> conrelid`,
      [table],
    )
  ).rows[0]!.condition

/** The rows with the present id of their chat, because a group that becomes a supergroup gets another one. */
const inChat = (rows: Record<string, unknown>[], before: number, now: number) =>
  rows.map(row => (row.chat_id === before ? { ...row, chat_id: now } : row))

/** A parent that was deleted since does not come back. */
const withoutGoneParent = async (tx: Postgres, rows: Record<string, unknown>[]) => {
  const { rows: parents } = await tx.query('select from monitor where id = $1', [rows[0]!.parent_id])
  return parents.length > 0 ? rows : rows.map(row => ({ ...row, parent_id: null }))
}

export type RemovedMonitors = ReturnType<typeof removedMonitorsIn>

import type { Postgres } from '../connect.ts'
import { maintenanceOf } from './maintenance.ts'
import type { MonitorState } from './monitors.ts'

/** The result of one slot of one monitor. */
export interface ProbeResult {
  monitorId: number
  /** The slot. The slot and the monitor are the key, so a slot that is checked twice has one row. */
  dueAt: Date
  /** When the check began; null if the slot was not checked. */
  startedAt: Date | null
  /** null: unknown because of a failure on our side. */
  ok: boolean | null
  /** HTTP status, or null (tcp, no answer). */
  status: number | null
  /** A code of events/probe-error.ts; null when ok. */
  error: string | null
  attempts: number
  dnsMs: number | null
  connectMs: number | null
  tlsMs: number | null
  firstByteMs: number | null
  totalMs: number | null
  /**
   * A person requested the check. The check belongs to no slot of the grid, so the sums exclude it. The table does not
   * have this field.
   */
  onDemand?: boolean
  /**
   * A warning about a good check: a code of events/probe-error.ts. The answer to the person shows it; the table does
   * not have this field.
   */
  warning?: string
  /** When the first certificate of the chain expires, if the check looked at it. The table does not have this field. */
  certificateExpiresAt?: Date
  /** The days before the expiry at which people are warned first; 30 if absent. The table does not have this field. */
  certificateDays?: number
  /** What the server answered, if this explains the error: one line. The table does not have this field. */
  detail?: string
}

/**
 * A result that does not change the state of its monitor. `state` is the state that the monitor must have; null: any
 * state.
 */
export interface UnchangedResult {
  result: ProbeResult
  state: MonitorState | null
  /**
   * How well the monitor works by a good check: it stays unchanged only if it counts as slow or not in the same way,
   * and has the same warning about its certificate (`undefined`: the check says nothing about it). Null: the result
   * does not change these.
   */
  quality: { isSlow: boolean; certificateDays: number | null | undefined } | null
}

/**
 * The time of the observation, which may be long after the slot was due. For a slot that was not checked, its due time.
 */
export const seenAt = ({ startedAt, dueAt }: { startedAt?: Date | null; dueAt: Date }): Date => startedAt ?? dueAt

export type SlotKey = Pick<ProbeResult, 'monitorId' | 'dueAt'>

const columns = [
  ['monitorId', 'monitor_id', 'bigint'],
  ['dueAt', 'due_at', 'timestamptz'],
  ['startedAt', 'started_at', 'timestamptz'],
  ['ok', 'ok', 'boolean'],
  ['status', 'status', 'smallint'],
  ['error', 'error', 'text'],
  ['attempts', 'attempts', 'smallint'],
  ['dnsMs', 'dns_ms', 'real'],
  ['connectMs', 'connect_ms', 'real'],
  ['tlsMs', 'tls_ms', 'real'],
  ['firstByteMs', 'first_byte_ms', 'real'],
  ['totalMs', 'total_ms', 'real'],
] as const satisfies readonly (readonly [keyof ProbeResult, string, string])[]

const names = columns.map(([, name]) => name)
const types = columns.map(([, , type]) => type)
const selected = columns.map(([property, name]) => `probe_result.${name} as "${property}"`).join(', ')

type Value = Date | string | number | boolean | null

const elementText = (value: Value): string => {
  if (value === null) return 'NULL'
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : String(value)
}

/** A PostgreSQL array as text. The driver's own conversion would quote and escape every number. */
const array = (values: readonly Value[]): string => `{${values.map(elementText).join()}}`

/** The rows as one array for each column, which PostgreSQL reads faster than JSON. */
const arrays = (results: readonly ProbeResult[]) =>
  columns.map(([property]) => array(results.map(result => result[property])))

const unnested = (arrayTypes: string[], parameter = 1) =>
  `unnest(${arrayTypes.map((type, index) => `$${parameter + index}::${type}[]`).join(', ')})`

const valuesOf = (results: readonly ProbeResult[]) => [
  ...arrays(results),
  array(results.map(({ onDemand = false }) => onDemand)),
]
const valueTypes = [...types, 'boolean']
const valueNames = [...names, 'on_demand'].join(', ')

const intervalOf = 'select interval_s from monitor where id = kept.monitor_id'

/**
 * SQL: inserts the new rows of the CTE `accepted`, and adds exactly these to the sums of their hour: the number of
 * slots, and the seconds of their intervals. A check that a person requested is inserted, but not added to the sums. A
 * check during maintenance counts only as such.
 */
const storedAndCounted = `
  stored as (
    insert into probe_result (${names.join(', ')})
    select ${names.join(', ')} from accepted order by monitor_id, due_at
    on conflict do nothing
    returning monitor_id, due_at, ok, total_ms
  ), counted as (
    insert into probe_hour as kept (monitor_id, hour, ok, failed, missed, total_ms, ok_s, failed_s, maintenance)
    select monitor_id, date_trunc('hour', due_at, 'UTC'), count(*) filter (where stored.ok and not in_maintenance),
      count(*) filter (where not stored.ok and not in_maintenance),
      count(*) filter (where stored.ok is null and not in_maintenance),
      coalesce(sum(stored.total_ms) filter (where stored.ok and not in_maintenance), 0),
      coalesce(sum(interval_s) filter (where stored.ok and not in_maintenance), 0),
      coalesce(sum(interval_s) filter (where not stored.ok and not in_maintenance), 0),
      count(*) filter (where in_maintenance)
    from stored join accepted using (monitor_id, due_at) where not on_demand group by 1, 2 order by 1, 2
    on conflict (monitor_id, hour) do update set ok = kept.ok + excluded.ok, failed = kept.failed + excluded.failed,
      missed = kept.missed + excluded.missed, maintenance = kept.maintenance + excluded.maintenance,
      total_ms = kept.total_ms + excluded.total_ms,
      ok_s = coalesce(kept.ok_s, kept.ok * (${intervalOf})) + excluded.ok_s,
      failed_s = coalesce(kept.failed_s, kept.failed * (${intervalOf})) + excluded.failed_s
  )`

/** Stands for a certificate without a warning, because null stands for a check that says nothing about it. */
const noWarning = 0

/** SQL: whether the slot of the row `result` lies in maintenance of the row `monitor` (its alias). */
const inMaintenance = (monitor: string) =>
  `exists (${maintenanceOf(monitor)} and starts_at <= result.due_at and ends_at > result.due_at)`

const insertUnchanged = `
  with result as (
    select *, coalesce(started_at, due_at) as seen_at
    from ${unnested([...valueTypes, 'text', 'boolean', 'smallint'])} as result (${valueNames}, state, is_slow, certificate_days)
  ), judged as (
    update monitor set
      judged_at = case when result.ok is null then judged_at else greatest(judged_at, seen_at) end,
      last_ok_at = case when result.ok then greatest(last_ok_at, seen_at) else last_ok_at end
    from result
    where monitor.id = result.monitor_id and (result.state is null or monitor.state = result.state)
      and monitor.paused_at is null
      -- The result that ends a time of flapping needs a verdict.
      and (result.ok is null or monitor.settles_at is null or seen_at < monitor.settles_at)
      -- So does one that is slow or fast in another way than before, or has another warning about the certificate.
      and (result.is_slow is null or (pace_count = 0 and result.is_slow = (slow_since is not null)))
      and (result.certificate_days is null or result.certificate_days = coalesce(monitor.certificate_days, ${noWarning}))
    returning monitor.id, monitor.interval_s, monitor.chat_id, monitor.group_name
  ), accepted as (
    select result.*, judged.interval_s, ${inMaintenance('judged')} as in_maintenance
    from result join judged on judged.id = result.monitor_id
  ), ${storedAndCounted}
  select judged.id, stored.monitor_id is not null as "isNew" from judged left join stored on stored.monitor_id = judged.id`

const insert = `
  with accepted as (
    select result.*, monitor.interval_s, ${inMaintenance('monitor')} as in_maintenance
    from ${unnested(valueTypes)} as result (${valueNames}) join monitor on monitor.id = result.monitor_id
  ), ${storedAndCounted}
  select monitor_id as id from stored`

/** Whether a write failed because the table has no partition for the day of a row. */
export const isMissingPartition = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === '23514' && /no partition/.test((error as Error).message)

const dayMs = 86_400_000
const dayOf = (instant: Date) => new Date(Math.floor(instant.getTime() / dayMs) * dayMs)
/** The name of the partition of a day. The names sort by date. */
const partition = (date: Date) => `probe_result_${date.toISOString().slice(0, 10).replaceAll('-', '')}`

const partitionsOf = async (db: Postgres) =>
  (
    await db.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'probe_result'::regclass`,
    )
  ).rows.map(({ name }) => name)

/**
 * Allows one change of partitions at a time. The lock timeout is short, because readers and writers of results wait
 * behind a change that waits for its lock.
 */
const lockPartitions = async (tx: Postgres) => {
  await tx.query(`set local lock_timeout = '3s'`)
  await tx.query(`select pg_advisory_xact_lock(hashtext('probe_result partitions'))`)
}

const certificateValue = (days: number | null | undefined) => (days === undefined ? null : (days ?? noWarning))

/** The table `probe_result` (one partition for each day in UTC), with its sums in `probe_hour`. */
export const probeResultsIn = (db: Postgres) => ({
  /**
   * Inserts results that leave their monitors in the given state, at most one for each monitor, and updates `judgedAt`;
   * all in one statement. Returns the monitors that were in that state, and whether the row is new or existed before.
   * Nothing is stored for the other monitors: they are paused, deleted or in another state, or the result ends a time
   * of flapping.
   */
  insertUnchanged: async (unchanged: readonly UnchangedResult[]): Promise<Map<number, { isNew: boolean }>> => {
    if (unchanged.length === 0) return new Map()
    const { rows } = await db.query<{ id: number; isNew: boolean }>(insertUnchanged, [
      ...valuesOf(unchanged.map(({ result }) => result)),
      array(unchanged.map(({ state }) => state)),
      array(unchanged.map(({ quality }) => quality?.isSlow ?? null)),
      array(unchanged.map(({ quality }) => certificateValue(quality?.certificateDays))),
    ])
    return new Map(rows.map(({ id, isNew }) => [id, { isNew }]))
  },

  /** Inserts results, at most one for each monitor. Returns the monitors whose row is new. */
  insert: async (...results: ProbeResult[]): Promise<Set<number>> => {
    if (results.length === 0) return new Set()
    const { rows } = await db.query<{ id: number }>(insert, valuesOf(results))
    return new Set(rows.map(({ id }) => id))
  },

  /** The stored results of these slots. */
  of: async (slots: readonly SlotKey[]): Promise<ProbeResult[]> =>
    (
      await db.query<ProbeResult>(
        `select ${selected} from ${unnested(['bigint', 'timestamptz'])} as slot (monitor_id, due_at)
         join probe_result using (monitor_id, due_at)`,
        [array(slots.map(({ monitorId }) => monitorId)), array(slots.map(({ dueAt }) => dueAt))],
      )
    ).rows,

  /** Creates the missing partitions of these days. */
  createPartitions: (instants: readonly Date[]): Promise<void> =>
    db.transaction(async tx => {
      const existing = new Set(await partitionsOf(tx))
      const missing = new Map(instants.map(instant => [partition(instant), dayOf(instant)]))
      for (const name of existing) missing.delete(name)
      if (missing.size === 0) return
      await lockPartitions(tx)
      for (const [name, date] of missing)
        await tx.query(
          `create table if not exists ${name} partition of probe_result
           for values from ('${date.toISOString()}') to ('${new Date(date.getTime() + dayMs).toISOString()}')`,
        )
    }),

  /** Drops the partitions of the days before the day of `instant`. */
  dropPartitionsBefore: (instant: Date): Promise<void> =>
    db.transaction(async tx => {
      const old = (await partitionsOf(tx)).filter(name => name < partition(instant))
      if (old.length === 0) return
      await lockPartitions(tx)
      for (const name of old) await tx.query(`drop table if exists ${name}`)
    }),

  /**
   * Drops the oldest partitions until the others take at most `bytes` together. Keeps the day of `instant` and all
   * later days.
   */
  dropOldestPartitions: (bytes: number, instant: Date): Promise<void> =>
    db.transaction(async tx => {
      const { rows } = await tx.query<{ name: string; bytes: number }>(
        `select relname as name, pg_total_relation_size(pg_class.oid) as bytes
         from pg_inherits join pg_class on pg_class.oid = inhrelid
         where inhparent = 'probe_result'::regclass order by relname`,
      )
      let totalBytes = rows.reduce((sum, { bytes: size }) => sum + size, 0)
      const dropped: string[] = []
      for (const { name, bytes: size } of rows) {
        if (totalBytes <= bytes || name >= partition(instant)) break
        dropped.push(name)
        totalBytes -= size
      }
      if (dropped.length === 0) return
      await lockPartitions(tx)
      for (const name of dropped) await tx.query(`drop table if exists ${name}`)
    }),
})

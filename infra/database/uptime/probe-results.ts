import type { Postgres } from '../connect.ts'
import { maintenanceOf } from './maintenance.ts'
import type { MonitorState } from './monitors.ts'
import { msOf, packLateness, packMs, packOutcome, unpackMs, unpackOutcome, unpackStart } from './packed-result.ts'
import { addedSeconds } from './probe-hours.ts'
import { resultPartitionsIn } from './result-partitions.ts'

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
  /** How long the last run of a heartbeat took, if it was slow. The table does not have this field. */
  slowRunMs?: number
  /** The earliest expiry in the certificate chain, if the check looked at it. The table does not have this field. */
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

type Value = Date | string | number | boolean | null

/** The columns of `probe_slot` that a result gives, with their types and values. */
const columns: readonly (readonly [name: string, type: string, value: (result: ProbeResult) => Value])[] = [
  ['monitor_id', 'integer', ({ monitorId }) => monitorId],
  ['due_at', 'timestamptz', ({ dueAt }) => dueAt],
  ['outcome', 'smallint', packOutcome],
  ['late', 'smallint', ({ dueAt, startedAt }) => packLateness(dueAt, startedAt)],
  ['status', 'smallint', ({ status }) => status ?? 0],
  ['dns', 'smallint', ({ dnsMs }) => packMs(dnsMs)],
  ['connect', 'smallint', ({ connectMs }) => packMs(connectMs)],
  ['tls', 'smallint', ({ tlsMs }) => packMs(tlsMs)],
  ['first_byte', 'smallint', ({ firstByteMs }) => packMs(firstByteMs)],
  ['total', 'smallint', ({ totalMs }) => packMs(totalMs)],
]

/** What the statements need besides these columns. */
const others: typeof columns = [
  ['ok', 'boolean', ({ ok }) => ok],
  ['seen_at', 'timestamptz', seenAt],
  ['on_demand', 'boolean', ({ onDemand = false }) => onDemand],
  ['slow', 'boolean', ({ warning }) => warning === 'slow'],
]

const given = [...columns, ...others]
const givenTypes = given.map(([, type]) => type)
const givenNames = given.map(([name]) => name).join(', ')
const stored = [...columns.map(([name]) => name), 'weight_s'].join(', ')

const elementText = (value: Value): string => {
  if (value === null) return 'NULL'
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : String(value)
}

/** A PostgreSQL array as text. The driver's own conversion would quote and escape every number. */
const array = (values: readonly Value[]): string => `{${values.map(elementText).join()}}`

/** The results as one array for each column, which PostgreSQL reads faster than JSON. */
const valuesOf = (results: readonly ProbeResult[]) => given.map(([, , value]) => array(results.map(value)))

const unnested = (arrayTypes: string[]) =>
  `unnest(${arrayTypes.map((type, index) => `$${1 + index}::${type}[]`).join(', ')})`

/**
 * SQL: the seconds for which a result counts; see the column `weight_s`. `monitor` and `result` are the aliases of its
 * monitor and of the result.
 */
const weightOf = (monitor: string, result: string) => `case
  when on_demand then 0
  when exists (${maintenanceOf(monitor)} and starts_at <= ${result}.due_at and ends_at > ${result}.due_at) then -${monitor}.interval_s
  else ${monitor}.interval_s
end as weight_s`

/**
 * SQL: whether the row of a CTE belongs to a monitor whose result is in the CTE `stored`, looked up in a hash table. A
 * join would compare each row with each other row, because PostgreSQL expects a CTE that changes data to have one row.
 */
const isStored = '(monitor_id in (select monitor_id from stored)) is true'

/**
 * SQL: inserts the new rows of the CTE `accepted`, and adds exactly these to the sums of their hour. `accepted` has one
 * row for each monitor, so each row of `probe_hour` is changed once.
 */
const storedAndCounted = `
  stored as (
    insert into probe_slot (${stored})
    select ${stored} from accepted order by monitor_id, due_at
    on conflict do nothing
    returning monitor_id
  ), counted as (
    insert into probe_hour as kept (monitor_id, hour, ok, failed, missed, maintenance, slow, total_ms, max_ms,
      ok_s, failed_s, missed_s, maintenance_s)
    select monitor_id, date_trunc('hour', due_at, 'UTC'), good::integer, bad::integer, unknown::integer, (weight_s < 0)::integer,
      (good and slow)::integer, coalesce(ms, 0), ms,
      case when good then weight_s else 0 end, case when bad then weight_s else 0 end,
      case when unknown then weight_s else 0 end, greatest(0, -weight_s)
    from accepted
    cross join lateral (
      select weight_s > 0 and ok is true as good, weight_s > 0 and ok is false as bad, weight_s > 0 and ok is null as unknown,
        case when weight_s > 0 and ok then ${msOf('total')} end as ms
    ) counts
    where weight_s <> 0 and ${isStored} order by 1, 2
    on conflict (monitor_id, hour) do update set ok = kept.ok + excluded.ok, failed = kept.failed + excluded.failed,
      missed = kept.missed + excluded.missed, maintenance = kept.maintenance + excluded.maintenance,
      slow = kept.slow + excluded.slow, total_ms = kept.total_ms + excluded.total_ms,
      max_ms = greatest(kept.max_ms, excluded.max_ms),
      ${(['ok', 'failed', 'missed', 'maintenance'] as const).map(addedSeconds).join(', ')}
  )`

/** Stands for a certificate without a warning, because null stands for a check that says nothing about it. */
const noWarning = 0

const insertUnchanged = `
  with result as (
    select * from ${unnested([...givenTypes, 'text', 'boolean', 'smallint'])} as result (${givenNames}, state, is_slow, certificate_days)
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
    returning result.*, monitor.id, monitor.interval_s, monitor.chat_id, monitor.group_name
  ), accepted as (
    select *, ${weightOf('judged', 'judged')} from judged
  ), ${storedAndCounted}
  select id, ${isStored} as "isNew" from judged`

const insert = `
  with accepted as (
    select result.*, ${weightOf('monitor', 'result')}
    from ${unnested(givenTypes)} as result (${givenNames}) join monitor on monitor.id = result.monitor_id
  ), ${storedAndCounted}
  select monitor_id as id from stored`

/** The columns of a row that say how a check went. */
export const resultColumns = 'outcome, status, dns, connect, tls, first_byte, total'

/** The values of `resultColumns`. */
export interface PackedResult {
  outcome: number
  status: number
  dns: number
  connect: number
  tls: number
  first_byte: number
  total: number
}

/** How a check went, from the columns of its row. */
export const unpackResult = ({ outcome, status, dns, connect, tls, first_byte, total }: PackedResult) => ({
  ...unpackOutcome(outcome),
  status: status === 0 ? null : status,
  dnsMs: unpackMs(dns),
  connectMs: unpackMs(connect),
  tlsMs: unpackMs(tls),
  firstByteMs: unpackMs(first_byte),
  totalMs: unpackMs(total),
})

const certificateValue = (days: number | null | undefined) => (days === undefined ? null : (days ?? noWarning))

/** The table `probe_slot`, with its sums in `probe_hour`. */
export const probeResultsIn = (db: Postgres) => ({
  ...resultPartitionsIn(db),

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
  of: async (slots: readonly SlotKey[]): Promise<ProbeResult[]> => {
    const { rows } = await db.query<PackedResult & SlotKey & { late: number }>(
      `select monitor_id as "monitorId", due_at as "dueAt", late, ${resultColumns}
       from ${unnested(['integer', 'timestamptz'])} as slot (monitor_id, due_at) join probe_slot using (monitor_id, due_at)
       where ms_of_day(probe_slot.due_at) = ms_of_day(slot.due_at)`,
      [array(slots.map(({ monitorId }) => monitorId)), array(slots.map(({ dueAt }) => dueAt))],
    )
    return rows.map(({ monitorId, dueAt, late, ...packed }) => ({
      monitorId,
      dueAt,
      startedAt: unpackStart(dueAt, late),
      ...unpackResult(packed),
    }))
  },
})

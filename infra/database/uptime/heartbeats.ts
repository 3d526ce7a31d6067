import { randomBytes } from 'node:crypto'
import type { Postgres } from '../connect.ts'
import type { Monitor, MonitorState } from './monitors.ts'

/** The state of a heartbeat, as its pings and its deadline gave it. */
export interface HeartbeatState {
  state: MonitorState
  /** The ping, or the deadline, that gave the state; null without one. */
  changedAt: Date | null
  /** The broker has the event about this change. */
  isTold: boolean
  /** While down: why, as a code of events/probe-error.ts, and the exit code of the job. */
  error: string | null
  exitCode: number | null
  /** The number of all pings. */
  pings: number
  /** The last ping that ended a run. */
  lastPingAt: Date | null
  /** The start of the run that has not ended yet. */
  lastStartAt: Date | null
  lastStartRunId: string | null
  /** The times that the last runs took, the newest last. */
  durationsMs: number[]
  /** How long the last run with a known duration took, and the usual time, if it was slow; null if it was not. */
  slowRunMs: number | null
  usualRunMs: number | null
  /** The next ping is expected at the first time of the schedule after this; null before the first ping. */
  expectedAfter: Date | null
  /** From this time on the next ping is late; null if none is expected. */
  lateAt: Date | null
  /** The time since the heartbeat got its state is in the hourly sums up to here; null if nothing is. */
  countedUntil: Date | null
}

/** The pings of a job: the part of a monitor of the kind `heartbeat` that the table `monitor` does not have. */
export interface Heartbeat extends HeartbeatState, Pick<Monitor, 'settings' | 'name'> {
  monitorId: number
  chatId: number
  token: string
  slug: string
  /** The key of the chat; null if the chat has none. */
  key: string | null
  isPaused: boolean
  /** When the monitor was added or last resumed. */
  activeSince: Date
}

/** A ping as it is stored. */
export interface StoredPing {
  monitorId: number
  /** Counts all pings of the heartbeat, from 1. */
  number: number
  at: Date
  action: 'success' | 'start' | 'fail' | 'log'
  exitCode: number | null
  runId: string | null
  /** How long the run took; null if its start is not known. */
  durationMs: number | null
  /** The run took more than three times as long as usual. */
  isSlow: boolean
  log: string | null
}

/** The number of pings of a heartbeat that are kept. */
export const keptPings = 100

const columns = `heartbeat.monitor_id as "monitorId", heartbeat.chat_id as "chatId", token, slug, key, name, settings,
  paused_at is not null as "isPaused", active_since as "activeSince", heartbeat.state, heartbeat.changed_at as "changedAt", is_told as "isTold",
  heartbeat.error, heartbeat.exit_code as "exitCode", pings, last_ping_at as "lastPingAt", last_start_at as "lastStartAt",
  last_start_run_id as "lastStartRunId", durations_ms as "durationsMs", slow_run_ms as "slowRunMs", usual_run_ms as "usualRunMs",
  expected_after as "expectedAfter", late_at as "lateAt", counted_until as "countedUntil"`

const tables = `heartbeat join monitor on monitor.id = heartbeat.monitor_id
  left join heartbeat_key on heartbeat_key.chat_id = heartbeat.chat_id`

/**
 * The version of a heartbeat: the transactions that wrote its row and the row of its monitor. Any process that changes
 * one of them gives the heartbeat another version.
 */
export interface HeartbeatVersion {
  row: string
  monitorRow: string
}

/** A heartbeat that this transaction has locked. `version`: after the transaction, if it has saved the heartbeat. */
export type LockedHeartbeat = Heartbeat & { version: HeartbeatVersion }

/** What pings change of a heartbeat that keeps its state, if it still has the version. */
export type SteadyChange = Pick<Heartbeat, 'monitorId' | 'pings' | 'lastPingAt' | 'expectedAfter' | 'lateAt'> & {
  version: HeartbeatVersion
}

/** A heartbeat, and the state to store. */
export type HeartbeatChange = Pick<Heartbeat, 'monitorId'> & HeartbeatState

/** The columns of a state, without the id. */
const stateColumns = [
  ['state', 'text', 'state'],
  ['changed_at', 'timestamptz', 'changedAt'],
  ['is_told', 'boolean', 'isTold'],
  ['error', 'text', 'error'],
  ['exit_code', 'smallint', 'exitCode'],
  ['pings', 'bigint', 'pings'],
  ['last_ping_at', 'timestamptz', 'lastPingAt'],
  ['last_start_at', 'timestamptz', 'lastStartAt'],
  ['last_start_run_id', 'uuid', 'lastStartRunId'],
  ['slow_run_ms', 'integer', 'slowRunMs'],
  ['usual_run_ms', 'integer', 'usualRunMs'],
  ['expected_after', 'timestamptz', 'expectedAfter'],
  ['late_at', 'timestamptz', 'lateAt'],
  ['counted_until', 'timestamptz', 'countedUntil'],
] as const satisfies readonly (readonly [string, string, keyof HeartbeatChange])[]

const pingColumns = [
  ['monitor_id', 'bigint', 'monitorId'],
  ['number', 'bigint', 'number'],
  ['at', 'timestamptz', 'at'],
  ['action', 'text', 'action'],
  ['exit_code', 'smallint', 'exitCode'],
  ['run_id', 'uuid', 'runId'],
  ['duration_ms', 'integer', 'durationMs'],
  ['is_slow', 'boolean', 'isSlow'],
  ['log', 'text', 'log'],
] as const satisfies readonly (readonly [string, string, keyof StoredPing])[]

const parameters = (types: readonly string[], first: number) =>
  types.map((type, index) => `$${first + index}::${type}[]`).join(', ')

const saveStates = `
  update heartbeat set ${stateColumns.map(([name]) => `${name} = after.${name}`).join(', ')},
    durations_ms = after.durations_ms::integer[]
  from unnest(${parameters(['bigint', 'text', ...stateColumns.map(([, type]) => type)], 1)})
    as after (monitor_id, durations_ms, ${stateColumns.map(([name]) => name).join(', ')})
  where heartbeat.monitor_id = after.monitor_id`

/** A date as text. The driver would write it in the local time zone, which takes much longer. */
const parameter = (value: unknown) => (value instanceof Date ? value.toISOString() : value)

const stateValues = (changes: readonly HeartbeatChange[]) => [
  changes.map(({ monitorId }) => monitorId),
  // As text, because unnest would split an array of arrays into single numbers.
  changes.map(({ durationsMs }) => `{${durationsMs.join()}}`),
  ...stateColumns.map(([, , property]) => changes.map(change => parameter(change[property]))),
]

const pingNames = pingColumns.map(([name]) => name).join(', ')

const savePings = `
  with saved as (${saveStates})
  insert into heartbeat_ping (place, ${pingNames})
  select number % ${keptPings}, ${pingNames}
  from unnest(${parameters(
    pingColumns.map(([, type]) => type),
    stateColumns.length + 3,
  )}) as ping (${pingNames})
  order by monitor_id, number
  on conflict (monitor_id, place) do update set ${pingColumns
    .slice(1)
    .map(([name]) => `${name} = excluded.${name}`)
    .join(', ')}`

/** An array as text, of values that need no quotes. The driver would look at each character of each value. */
const arrayText = (values: readonly (string | number | null)[]) => `{${values.map(value => value ?? 'NULL').join()}}`

const msOf = (instant: Date | null) => instant?.getTime() ?? null

const instant = (column: string) => `to_timestamp(${column} / 1000.0)`

const saveSteady = `
  with saved as (
    update heartbeat set pings = after.pings, last_ping_at = ${instant('after.last_ping_ms')},
      expected_after = ${instant('after.expected_after_ms')}, late_at = ${instant('after.late_ms')}
    from unnest($1::bigint[], $2::xid[], $3::xid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
      as after (monitor_id, version, monitor_version, pings, last_ping_ms, expected_after_ms, late_ms)
    join monitor on monitor.id = after.monitor_id and monitor.xmin = after.monitor_version
    where heartbeat.monitor_id = after.monitor_id and heartbeat.xmin = after.version
    returning heartbeat.monitor_id
  ), kept as (
    insert into heartbeat_ping (place, monitor_id, number, at, action, exit_code, run_id, log)
    select number % ${keptPings}, monitor_id, number, ${instant('at_ms')}, action, exit_code, run_id, log
    from unnest($8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::smallint[], $13::uuid[], $14::text[])
      as ping (monitor_id, number, at_ms, action, exit_code, run_id, log)
    join saved using (monitor_id)
    order by monitor_id, number
    on conflict (monitor_id, place) do update set number = excluded.number, at = excluded.at, action = excluded.action,
      exit_code = excluded.exit_code, run_id = excluded.run_id, log = excluded.log, duration_ms = null, is_slow = false
  )
  select monitor_id as "monitorId", pg_current_xact_id()::xid::text as row from saved`

/** SQL: the heartbeats that are not paused. */
export const watchedHeartbeats = 'heartbeat join monitor on monitor.id = heartbeat.monitor_id where paused_at is null'

/** The tables `heartbeat`, `heartbeat_ping` and `heartbeat_key`. */
export const heartbeatsIn = (db: Postgres) => ({
  /**
   * Adds the row of a monitor of the kind `heartbeat`; call it again after the settings of the monitor have changed.
   * The token is new unless one is given, as when a heartbeat moves from another service. Returns null if another
   * heartbeat of the chat has the slug.
   */
  ensure: async (
    wanted: Pick<Heartbeat, 'monitorId' | 'chatId' | 'slug'> & { token?: string | undefined },
  ): Promise<Heartbeat | null> => {
    const { rowCount } = await db.query(
      `insert into heartbeat (monitor_id, chat_id, slug, token)
       select $1, $2, $3, coalesce($4::uuid, gen_random_uuid())
       where not exists (select from heartbeat where chat_id = $2 and slug = $3 and monitor_id <> $1)
       on conflict (monitor_id) do update set slug = excluded.slug,
         -- The next check of the deadlines computes it again.
         late_at = least(heartbeat.late_at, now())`,
      [wanted.monitorId, wanted.chatId, wanted.slug, wanted.token ?? null],
    )
    return rowCount === 0 ? null : ((await heartbeatsIn(db).of([wanted.monitorId])).get(wanted.monitorId) ?? null)
  },

  /** The key of a chat for the URLs of its heartbeats; makes it at the first call. */
  keyOf: async (chatId: number): Promise<string> =>
    (
      await db.query<{ key: string }>(
        `insert into heartbeat_key (chat_id, key) values ($1, $2)
         on conflict (chat_id) do update set chat_id = excluded.chat_id returning key`,
        [chatId, randomBytes(16).toString('base64url')],
      )
    ).rows[0]!.key,

  /** The chat with this key; null if there is none. */
  chatWithKey: async (key: string): Promise<number | null> =>
    (await db.query<{ chatId: number }>('select chat_id as "chatId" from heartbeat_key where key = $1', [key])).rows[0]
      ?.chatId ?? null,

  /** The heartbeats of these monitors. */
  of: async (monitorIds: readonly number[]): Promise<Map<number, Heartbeat>> =>
    new Map(
      (
        await db.query<Heartbeat>(`select ${columns} from ${tables} where heartbeat.monitor_id = any ($1)`, [
          monitorIds,
        ])
      ).rows.map(heartbeat => [heartbeat.monitorId, heartbeat]),
    ),

  /** The last pings of a heartbeat, the newest first. */
  lastPings: async (monitorId: number, limit: number): Promise<StoredPing[]> =>
    (
      await db.query<StoredPing>(
        `select ${pingColumns.map(([name, , property]) => `${name} as "${property}"`).join(', ')}
         from heartbeat_ping where monitor_id = $1 order by number desc limit $2`,
        [monitorId, limit],
      )
    ).rows,

  /** Locks the heartbeats with these tokens, or these keys and slugs, until the end of this transaction. */
  lockPinged: async (
    tokens: readonly string[],
    names: readonly { key: string; slug: string }[],
  ): Promise<LockedHeartbeat[]> =>
    (
      await db.query<Heartbeat & HeartbeatVersion>(
        `with wanted as (
           select monitor_id from heartbeat where token = any ($1::uuid[])
           union
           select monitor_id from unnest($2::text[], $3::text[]) as named (key, slug)
             join heartbeat_key using (key) join heartbeat using (chat_id, slug)
         )
         select ${columns}, pg_current_xact_id()::xid::text as row, monitor.xmin::text as "monitorRow" from ${tables}
         where heartbeat.monitor_id in (select monitor_id from wanted)
         order by heartbeat.monitor_id for update of heartbeat`,
        [tokens, names.map(({ key }) => key), names.map(({ slug }) => slug)],
      )
    ).rows.map(({ row, monitorRow, ...heartbeat }) => ({ ...heartbeat, version: { row, monitorRow } })),

  /**
   * Stores pings that change no state, with one statement and without reading the heartbeats before. Returns the
   * heartbeats that still had the version, with the new version of their rows; of the others, nothing is stored.
   */
  saveSteady: async (
    changes: readonly SteadyChange[],
    pings: readonly StoredPing[],
  ): Promise<Map<number, HeartbeatVersion['row']>> => {
    const { rows } = await db.query<{ monitorId: number; row: string }>(saveSteady, [
      arrayText(changes.map(({ monitorId }) => monitorId)),
      arrayText(changes.map(({ version }) => version.row)),
      arrayText(changes.map(({ version }) => version.monitorRow)),
      arrayText(changes.map(({ pings }) => pings)),
      arrayText(changes.map(({ lastPingAt }) => msOf(lastPingAt))),
      arrayText(changes.map(({ expectedAfter }) => msOf(expectedAfter))),
      arrayText(changes.map(({ lateAt }) => msOf(lateAt))),
      arrayText(pings.map(({ monitorId }) => monitorId)),
      arrayText(pings.map(({ number }) => number)),
      arrayText(pings.map(({ at }) => at.getTime())),
      arrayText(pings.map(({ action }) => action)),
      arrayText(pings.map(({ exitCode }) => exitCode)),
      arrayText(pings.map(({ runId }) => runId)),
      pings.some(({ log }) => log !== null) ? pings.map(({ log }) => log) : null,
    ])
    return new Map(rows.map(({ monitorId, row }) => [monitorId, row]))
  },

  /** Stores states and pings, of heartbeats that this transaction has locked. */
  save: async (changes: readonly HeartbeatChange[], pings: readonly StoredPing[]): Promise<void> => {
    if (pings.length === 0) {
      if (changes.length > 0) await db.query(saveStates, stateValues(changes))
      return
    }
    await db.query(savePings, [
      ...stateValues(changes),
      ...pingColumns.map(([, , property]) => pings.map(ping => parameter(ping[property]))),
    ])
  },

  /** Stores the times of the last good pings in the table `monitor`. The messages about incidents name them. */
  saveLastOk: async (heartbeats: readonly { monitorId: number; lastOkAt: Date }[]): Promise<void> => {
    if (heartbeats.length === 0) return
    await db.query(
      `update monitor set last_ok_at = greatest(last_ok_at, pinged.at)
       from unnest($1::bigint[], $2::timestamptz[]) as pinged (id, at) where monitor.id = pinged.id`,
      [heartbeats.map(({ monitorId }) => monitorId), heartbeats.map(({ lastOkAt }) => lastOkAt)],
    )
  },

  /** Locks the watched heartbeats whose deadline has passed at `now`, until the end of this transaction. */
  lockLate: async (now: Date): Promise<Heartbeat[]> =>
    (
      await db.query<Heartbeat>(
        `select ${columns} from ${tables}
         where heartbeat.state <> 'down' and late_at <= $1 and paused_at is null
         order by heartbeat.monitor_id limit 1000 for update of heartbeat skip locked`,
        [now],
      )
    ).rows,

  /** Locks all heartbeats that have a deadline, until the end of this transaction. */
  lockExpecting: async (): Promise<Heartbeat[]> =>
    (
      await db.query<Heartbeat>(
        `select ${columns} from ${tables} where late_at is not null order by heartbeat.monitor_id for update of heartbeat`,
      )
    ).rows,

  /**
   * Locks the watched heartbeats that have a state and whose time is not in the hourly sums since before `instant`,
   * until the end of this transaction.
   */
  lockUncounted: async (instant: Date): Promise<Heartbeat[]> =>
    (
      await db.query<Heartbeat>(
        `select ${columns} from ${tables}
         where heartbeat.state <> 'new' and heartbeat.changed_at >= active_since and paused_at is null
           and greatest(counted_until, heartbeat.changed_at) < $1
         order by heartbeat.monitor_id limit 5000 for update of heartbeat skip locked`,
        [instant],
      )
    ).rows,

  /** Stores up to when the time of heartbeats is in the hourly sums. This transaction has locked them. */
  saveCounted: async (counted: readonly Pick<Heartbeat, 'monitorId' | 'countedUntil'>[]): Promise<void> => {
    await db.query(
      `update heartbeat set counted_until = counted.until from unnest($1::bigint[], $2::timestamptz[]) as counted (monitor_id, until)
       where heartbeat.monitor_id = counted.monitor_id`,
      [counted.map(({ monitorId }) => monitorId), counted.map(({ countedUntil }) => countedUntil)],
    )
  },

  /** The broker has the events about these changes. */
  markTold: async (changes: readonly Pick<Heartbeat, 'monitorId' | 'changedAt'>[]): Promise<void> => {
    await db.query(
      `update heartbeat set is_told = true from unnest($1::bigint[], $2::timestamptz[]) as told (monitor_id, changed_at)
       where heartbeat.monitor_id = told.monitor_id and heartbeat.changed_at = told.changed_at`,
      [changes.map(({ monitorId }) => monitorId), changes.map(({ changedAt }) => changedAt)],
    )
  },

  /** Heartbeats whose change the broker does not have, although it happened before `before`. At most 100. */
  untold: async (before: Date): Promise<Heartbeat[]> =>
    (
      await db.query<Heartbeat>(
        `select ${columns} from ${tables} where not is_told and changed_at < $1 order by changed_at limit 100`,
        [before],
      )
    ).rows,
})

export type Heartbeats = ReturnType<typeof heartbeatsIn>

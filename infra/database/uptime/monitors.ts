import type { CheckKind } from '#events/probe-requested.ts'
import type { Postgres } from '../connect.ts'
import { type ExceededLimit, exceededLimit, type MonitorLimits } from './monitor-limits.ts'
import { monitorSecretsIn, type SecretChanges } from './monitor-secrets.ts'
import type { ReminderSetting } from './told-states.ts'

/** `heartbeat`: the service pings Vigia, so the monitor has no checks. */
export type MonitorKind = CheckKind | 'heartbeat'
/** new: no verdict yet since it was added or resumed. */
export type MonitorState = 'new' | 'up' | 'down'

/** A URL, or the pings of a job, that Vigia watches for a chat. */
export interface Monitor {
  id: number
  chatId: number
  /** Short form of the URL, for people. */
  name: string
  kind: MonitorKind
  url: string
  intervalS: number
  /** Timeout of one attempt. */
  timeoutMs: number
  /** The settings of the kind: valid by its schema (functions/checks), and without secrets. */
  settings: Record<string, unknown>
  /** Whether the monitor has rows in `monitor_secret`. */
  hasSecrets: boolean
  /** The key of the monitor in vigia.yaml; null for a monitor that is not from a file. */
  configKey: string | null
  groupName: string | null
  /** The monitor whose failure probably explains a failure of this one. */
  parentId: number | null
  /** How many attempts of a check must fail before the monitor is down. */
  confirmations: number
  /** How many attempts of a check must succeed before the monitor is up again. */
  recoveries: number
  /** How often a reminder is sent while it is down. */
  reminder: ReminderSetting
  pausedAt: Date | null
  state: MonitorState
  /** When the present state was observed first; null while new. */
  stateSince: Date | null
  /** The time of the newest observation with a verdict. */
  judgedAt: Date | null
  lastOkAt: Date | null
  /** The last changes between up and down. */
  changes: Date[] | null
  /**
   * While the monitor is flapping: the time from which it counts as steady, if its state does not change before that
   * time. Otherwise null.
   */
  settlesAt: Date | null
  /** The checks in a row that were slow; while the monitor counts as slow, those that were not. */
  paceCount: number
  /** Since when the monitor counts as slow, and the time of the check that confirmed it; null if it is not slow. */
  slowSince: Date | null
  slowMs: number | null
  /** The smallest number of days of a warning within which the certificate expires, and its expiry. */
  certificateDays: number | null
  certificateExpiresAt: Date | null
  /**
   * Grows with each change of state, each pause and each resumption. A verdict is stored only if the version is
   * unchanged.
   */
  version: number
}

/** The verdict on a result: the monitor as it was read, and as it is after the result. */
export interface Verdict {
  before: Monitor
  after: Monitor
}

/** A slot of the grid: when a monitor's check is due. */
export interface Slot
  extends Pick<
    Monitor,
    'id' | 'url' | 'intervalS' | 'timeoutMs' | 'settings' | 'hasSecrets' | 'confirmations' | 'recoveries'
  > {
  kind: CheckKind
  dueAt: Date
  /** The monitor was down when the slot was planned. */
  down: boolean
}

/**
 * A part of the monitors. The range of their hashes is divided into `shards` equal parts; `shard` is the number of one
 * part.
 */
export interface Shard {
  shard: number
  shards: number
}

/** SQL: what a check needs of a monitor. */
const checkColumns = `id, kind, url, interval_s as "intervalS", timeout_ms as "timeoutMs", settings,
  id in (select monitor_id from monitor_secret) as "hasSecrets", confirmations, recoveries`

const columns = `${checkColumns}, chat_id as "chatId", name, config_key as "configKey", group_name as "groupName",
  parent_id as "parentId", reminder, paused_at as "pausedAt", state, state_since as "stateSince", judged_at as "judgedAt", last_ok_at as "lastOkAt", changes,
  settles_at as "settlesAt", pace_count as "paceCount", slow_since as "slowSince", slow_ms as "slowMs",
  certificate_days as "certificateDays", certificate_expires_at as "certificateExpiresAt", version`

const hashes = 2 ** 31
const hashesOf = ({ shard, shards }: Shard): [number, number] => [
  Math.ceil((shard * hashes) / shards),
  Math.ceil(((shard + 1) * hashes) / shards) - 1,
]

const seconds = (instant: Date) => Math.ceil(instant.getTime() / 1000)

/**
 * SQL: the watched monitors of a shard, each with the slot that the expression `slot` gives (seconds since 1970). A
 * heartbeat has no slots.
 */
const slots = (slot: string) => `
  select ${checkColumns}, state = 'down' as down, to_timestamp(slot) as "dueAt"
  from monitor cross join lateral (select ${slot} as slot) due
  where slot_hash between $1 and $2 and paused_at is null and kind <> 'heartbeat' and to_timestamp(slot) >= active_since`

/** SQL: resets the state, because the state before a pause says nothing about the present. */
const resetState = `state = 'new', state_since = null, changes = null, settles_at = null, version = version + 1,
  told_state = 'up', told_at = null, told_incident_id = null, told_by = null, reminded = 0, silenced_until = null,
  pace_count = 0, slow_since = null, slow_ms = null, told_slow_since = null`

/**
 * A monitor to add. It counts towards the limit of the person who added it, until another person increases its load;
 * then it counts towards the limit of that other person. Otherwise two persons could pass monitors to each other and
 * exceed their limits. The messages about the monitor go to the topic `threadId`.
 */
export type NewMonitor = Pick<Monitor, 'chatId' | 'name' | 'kind' | 'url' | 'intervalS' | 'timeoutMs'> &
  Partial<
    Pick<Monitor, 'settings' | 'configKey' | 'groupName' | 'parentId' | 'confirmations' | 'recoveries' | 'reminder'>
  > & {
    /** Settings that are added to those of the monitor. */
    addedSettings?: Record<string, unknown>
    /** The secrets that the settings need and that are new. The others are removed, except those that it has. */
    secrets?: SecretChanges
    personId?: number | null
    address?: string | null
    threadId?: number | undefined
  }

const upsertMonitor = async (db: Postgres, wanted: NewMonitor): Promise<{ monitor: Monitor; isNew: boolean }> => {
  const { rows } = await db.query<Monitor & { isNew: boolean }>(
    `with added as (
       insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, person_id, address,
         settings, config_key, group_name, parent_id, confirmations, recoveries, reminder)
       values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($10, '{}'::jsonb) || $17, $11, $12, $13, coalesce($14, 3), coalesce($15, 2), coalesce($16, 'off'))
       on conflict (chat_id, url, coalesce(config_key, '')) do update set
         interval_s = excluded.interval_s, timeout_ms = excluded.timeout_ms, paused_at = null,
         settings = coalesce($10, monitor.settings) || $17, group_name = coalesce($12, monitor.group_name),
         parent_id = coalesce($13, monitor.parent_id), confirmations = coalesce($14, monitor.confirmations),
         recoveries = coalesce($15, monitor.recoveries), reminder = coalesce($16, monitor.reminder),
         person_id = case when monitor.paused_at is null and excluded.interval_s >= monitor.interval_s
           then coalesce(monitor.person_id, excluded.person_id) else coalesce(excluded.person_id, monitor.person_id) end,
         address = coalesce(excluded.address, monitor.address),
         active_since = case when monitor.paused_at is null then monitor.active_since else now() end
       returning *, xmax = 0 as is_new
     ), followed as (
       insert into follow (chat_id, subject, title, thread_id) select chat_id, 'monitor/' || id, name, $9 from added
         on conflict (chat_id, subject) do update set thread_id = excluded.thread_id
     )
     select ${columns}, is_new as "isNew" from added`,
    [
      wanted.chatId,
      wanted.name,
      wanted.kind,
      wanted.url,
      wanted.intervalS,
      wanted.timeoutMs,
      wanted.personId ?? null,
      wanted.address ?? null,
      wanted.threadId ?? null,
      wanted.settings ?? null,
      wanted.configKey ?? null,
      wanted.groupName ?? null,
      wanted.parentId ?? null,
      wanted.confirmations ?? null,
      wanted.recoveries ?? null,
      wanted.reminder ?? null,
      wanted.addedSettings ?? {},
    ],
  )
  const { isNew, ...monitor } = rows[0]!
  if (wanted.secrets === undefined) return { monitor, isNew }
  const hasSecrets = await monitorSecretsIn(db).change(monitor.id, wanted.secrets)
  return { monitor: { ...monitor, hasSecrets }, isNew }
}

/** The table `monitor`. */
export const monitorsIn = (db: Postgres) => ({
  /**
   * Adds a monitor with its follow `monitor/<id>`. If the chat has a monitor of that URL (and of that key of
   * vigia.yaml) already, that monitor gets the interval, the timeout, the topic and the other given fields, and is
   * resumed.
   */
  add: async (wanted: NewMonitor): Promise<{ monitor: Monitor; isNew: boolean }> => upsertMonitor(db, wanted),

  /** `add` within the limits, also for parallel requests. `exceeded` is the limit that would be exceeded. */
  addWithinLimits: (
    wanted: NewMonitor & { personId: number | null; address: string | null },
    limits: MonitorLimits,
  ): Promise<{ monitor: Monitor; isNew: boolean } | { exceeded: ExceededLimit }> =>
    db.transaction(async tx => {
      const exceeded = await exceededLimit(tx, wanted, limits)
      return exceeded === null ? upsertMonitor(tx, wanted) : { exceeded }
    }),

  get: async (id: number): Promise<Monitor | null> =>
    (await db.query<Monitor>(`select ${columns} from monitor where id = $1`, [id])).rows[0] ?? null,

  /** The monitors of a chat, in the order in which they were added. */
  of: async (chatId: number): Promise<Monitor[]> =>
    (await db.query<Monitor>(`select ${columns} from monitor where chat_id = $1 order by id`, [chatId])).rows,

  /**
   * Pauses a monitor. An open incident or time of flapping ends without an event. Returns null if the chat has no
   * monitor with this id.
   */
  pause: async (chatId: number, id: number): Promise<Monitor | null> =>
    (
      await db.query<Monitor>(
        `with paused as (
           update monitor set paused_at = coalesce(paused_at, now()), ${resetState}
           where chat_id = $1 and id = $2 returning *
         ), closed as (
           update incident set
             closed_at = coalesce(closed_at, greatest(now(), opened_at)),
             closed_cause = coalesce(closed_cause, 'paused'),
             steady_at = case when flapping_at is null then steady_at else coalesce(steady_at, greatest(now(), flapping_at)) end,
             steady_cause = case when flapping_at is null then steady_cause else coalesce(steady_cause, 'paused') end
           from paused where incident.monitor_id = paused.id
             and (closed_at is null or (flapping_at is not null and steady_at is null))
         )
         select ${columns} from paused`,
        [chatId, id],
      )
    ).rows[0] ?? null,

  /** Resumes a monitor. Returns null if the chat has no monitor with this id. */
  resume: async (chatId: number, id: number): Promise<Monitor | null> =>
    (
      await db.query<Monitor>(
        `update monitor set paused_at = null, version = version + 1,
           active_since = case when paused_at is null then active_since else now() end
         where chat_id = $1 and id = $2 returning ${columns}`,
        [chatId, id],
      )
    ).rows[0] ?? null,

  /** `resume` for `personId` within the limits. `exceeded` is the limit that would be exceeded. */
  resumeWithinLimits: (
    chatId: number,
    id: number,
    personId: number | null,
    limits: MonitorLimits,
  ): Promise<Monitor | { exceeded: ExceededLimit } | null> =>
    db.transaction(async tx => {
      const { rows } = await tx.query<Pick<Monitor, 'url' | 'configKey' | 'intervalS'> & { address: string | null }>(
        `select url, config_key as "configKey", interval_s as "intervalS", host(address) as address
         from monitor where chat_id = $1 and id = $2`,
        [chatId, id],
      )
      const known = rows[0]
      if (known === undefined) return null
      const exceeded = await exceededLimit(tx, { ...known, chatId, personId }, limits)
      if (exceeded !== null) return { exceeded }
      await tx.query(
        'update monitor set person_id = coalesce($3, person_id) where chat_id = $1 and id = $2 and paused_at is not null',
        [chatId, id, personId],
      )
      return monitorsIn(tx).resume(chatId, id)
    }),

  /** The host of a monitor, and its address if it is known. */
  hostOf: async (id: number): Promise<{ host: string; address: string | null }> =>
    (
      await db.query<{ host: string; address: string | null }>(
        'select host, host(address) as address from monitor where id = $1',
        [id],
      )
    ).rows[0] ?? { host: '', address: null },

  /**
   * Deletes a monitor with its incidents, hourly sums and follows, and returns it. Returns null if the chat has no
   * monitor with this id.
   */
  remove: async (chatId: number, id: number): Promise<Monitor | null> =>
    (
      await db.query<Monitor>(
        `with removed as (delete from monitor where chat_id = $1 and id = $2 returning *),
         unfollowed as (delete from follow using removed where subject = 'monitor/' || removed.id)
         select ${columns} from removed`,
        [chatId, id],
      )
    ).rows[0] ?? null,

  countWatched: async (): Promise<number> =>
    (await db.query<{ count: number }>('select count(*) as count from monitor where paused_at is null')).rows[0]!.count,

  /** The monitors of `ids` that are neither paused nor deleted, by id. */
  watched: async (ids: number[]): Promise<Map<number, Monitor>> =>
    new Map(
      (
        await db.query<Monitor>(`select ${columns} from monitor where id = any ($1) and paused_at is null`, [ids])
      ).rows.map(monitor => [monitor.id, monitor]),
    ),

  /**
   * Locks the monitors that have not changed since they were read, and that have no verdict on a newer result, until
   * the transaction ends. Returns their ids.
   */
  lockUnchanged: async (verdicts: readonly Verdict[]): Promise<Set<number>> => {
    const { rows } = await db.query<{ id: number }>(
      `select monitor.id from monitor
       join unnest($1::bigint[], $2::integer[], $3::timestamptz[]) as verdict (id, version, judged_at) using (id, version)
       where paused_at is null and (monitor.judged_at is null or monitor.judged_at < verdict.judged_at)
       order by monitor.id for update of monitor`,
      [
        verdicts.map(({ before }) => before.id),
        verdicts.map(({ before }) => before.version),
        verdicts.map(({ after }) => after.judgedAt),
      ],
    )
    return new Set(rows.map(({ id }) => id))
  },

  /** Stores the verdicts on monitors that this transaction has locked. */
  saveVerdicts: async (monitors: readonly Monitor[]): Promise<void> => {
    await db.query(
      `update monitor set state = verdict.state, state_since = verdict.state_since, judged_at = verdict.judged_at,
         last_ok_at = greatest(monitor.last_ok_at, verdict.last_ok_at), changes = verdict.changes::timestamptz[],
         settles_at = verdict.settles_at, version = verdict.version, pace_count = verdict.pace_count,
         slow_since = verdict.slow_since, slow_ms = verdict.slow_ms, certificate_days = verdict.certificate_days,
         certificate_expires_at = verdict.certificate_expires_at
       from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::text[],
         $7::timestamptz[], $8::integer[], $9::smallint[], $10::timestamptz[], $11::real[], $12::smallint[], $13::timestamptz[])
         as verdict (id, state, state_since, judged_at, last_ok_at, changes, settles_at, version, pace_count, slow_since,
           slow_ms, certificate_days, certificate_expires_at)
       where monitor.id = verdict.id`,
      [
        monitors.map(({ id }) => id),
        monitors.map(({ state }) => state),
        monitors.map(({ stateSince }) => stateSince),
        monitors.map(({ judgedAt }) => judgedAt),
        monitors.map(({ lastOkAt }) => lastOkAt),
        // As text, because unnest would split an array of arrays into single dates.
        monitors.map(({ changes }) => changes && `{${changes.map(change => change.toISOString()).join()}}`),
        monitors.map(({ settlesAt }) => settlesAt),
        monitors.map(({ version }) => version),
        monitors.map(({ paceCount }) => paceCount),
        monitors.map(({ slowSince }) => slowSince),
        monitors.map(({ slowMs }) => slowMs),
        monitors.map(({ certificateDays }) => certificateDays),
        monitors.map(({ certificateExpiresAt }) => certificateExpiresAt),
      ],
    )
  },

  /**
   * The first slot of each monitor of a shard in [from, to), by due time. If this window is at most ten seconds long,
   * these are all slots, because no interval is shorter. The slots of a monitor are the seconds `k · interval + hash
   * mod interval` since 1970.
   */
  slotsDue: async (shard: Shard, from: Date, to: Date): Promise<Slot[]> =>
    (
      await db.query<Slot>(
        `${slots('$3::bigint + ((slot_hash - $3::bigint) % interval_s + interval_s) % interval_s')}
         and slot < $4::bigint
         order by slot, id`,
        [...hashesOf(shard), seconds(from), seconds(to)],
      )
    ).rows,

  /**
   * The last slot in [from, to) of each monitor of a shard, except of monitors that have a slot from `to` up to and
   * including `until`.
   */
  newestSlots: async (shard: Shard, from: Date, to: Date, until: Date): Promise<Slot[]> =>
    (
      await db.query<Slot>(
        `${slots('$4::bigint - 1 - ($4::bigint - 1 - slot_hash % interval_s) % interval_s')}
         and slot >= $3::bigint and slot + interval_s > $5::bigint
         order by slot, id`,
        [...hashesOf(shard), seconds(from), seconds(to), seconds(until)],
      )
    ).rows,
})

export type Monitors = ReturnType<typeof monitorsIn>

import type { Postgres } from '../connect.ts'

/** What maintenance concerns: one monitor, a group, or with neither all monitors of the chat. */
export interface MaintenanceScope {
  chatId: number
  monitorId: number | null
  groupName: string | null
}

/** When maintenance begins again and again, and how long it lasts. */
export interface Repetition {
  cron: string
  /** IANA zone. */
  zone: string
  durationS: number
}

/** Planned maintenance. */
export interface Maintenance extends MaintenanceScope {
  id: number
  /** A name for people, or ''. */
  title: string
  /** The topic of the forum that gets the messages. */
  threadId: number | null
  /** Null for maintenance that happens once. */
  repetition: Repetition | null
  /** Whether it comes from vigia.yaml. */
  isFromFile: boolean
}

/** What the chat was told of a window. */
export type WindowPhase = 'announced' | 'started' | 'ended'

/** One time of maintenance. */
export interface MaintenanceWindow extends Maintenance {
  windowId: number
  startsAt: Date
  endsAt: Date
}

/** A window with what the chat was told of it, and the monitors that it concerns. */
export interface UntoldWindow extends MaintenanceWindow {
  told: WindowPhase | 'nothing'
  monitors: number
  /** The names of the first monitors. */
  names: string[]
}

/** SQL: the rows `plan` that concern the row `monitor` (its alias). */
const concerns = (monitor: string) =>
  `plan.chat_id = ${monitor}.chat_id and (plan.monitor_id is null or plan.monitor_id = ${monitor}.id)
    and (plan.group_name is null or plan.group_name = ${monitor}.group_name)`

/** SQL: the windows `starts_at`, `ends_at` that concern the row `monitor` (its alias). A condition may follow. */
export const windowsOf = (monitor: string): string =>
  `maintenance_window join maintenance plan on plan.id = maintenance_id where ${concerns(monitor)}`

/** SQL: whether there is a window that concerns the row `monitor`, in `exists (…)`. A condition may follow. */
export const maintenanceOf = (monitor: string): string => `select from ${windowsOf(monitor)}`

const columns = `plan.id, plan.chat_id as "chatId", plan.monitor_id as "monitorId", plan.group_name as "groupName", title,
  plan.thread_id as "threadId",
  case when cron is not null then json_build_object('cron', cron, 'zone', zone, 'durationS', duration_s) end as repetition,
  config_key is not null as "isFromFile"`

const windowColumns = `${columns}, maintenance_window.id as "windowId", starts_at as "startsAt", ends_at as "endsAt"`

/** SQL: maintenance that repeats and has no window that begins after that time, with the start of its newest window. */
export const unplannedAt = (now: string): string => `maintenance plan
  left join lateral (
    select starts_at from maintenance_window where maintenance_id = plan.id order by starts_at desc limit 1
  ) newest on true
  where cron is not null and (newest.starts_at is null or newest.starts_at <= ${now})`

/** SQL: whether a window begins at or before `until` and the chat was not told its end. */
export const isUntoldWindow = (until: string): string => `told <> 'ended' and starts_at <= ${until}`

/** How many names of monitors a message lists. */
const shownNames = 10

/** A maintenance to add. `configKey` is its key in vigia.yaml. */
export type NewMaintenance = MaintenanceScope & {
  title?: string
  threadId?: number | null
  configKey?: string | null
} & ({ startsAt: Date; endsAt: Date } | Repetition)

/** The tables `maintenance` and `maintenance_window`. */
export const maintenanceIn = (db: Postgres) => ({
  /** Adds maintenance. One that repeats gets its windows from `addWindow`. */
  add: (wanted: NewMaintenance, now: Date): Promise<number> =>
    db.transaction(async tx => {
      const repeats = 'cron' in wanted
      const { rows } = await tx.query<{ id: number }>(
        `insert into maintenance (chat_id, monitor_id, group_name, title, thread_id, config_key, cron, zone, duration_s, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id`,
        [
          wanted.chatId,
          wanted.monitorId,
          wanted.groupName,
          wanted.title ?? '',
          wanted.threadId ?? null,
          wanted.configKey ?? null,
          ...(repeats ? [wanted.cron, wanted.zone, wanted.durationS] : [null, null, null]),
          now,
        ],
      )
      const { id } = rows[0]!
      if (!repeats) await maintenanceIn(tx).addWindow(id, wanted.startsAt, wanted.endsAt)
      return id
    }),

  /** Adds a window, unless the maintenance has a window that begins then. */
  addWindow: async (id: number, startsAt: Date, endsAt: Date): Promise<void> => {
    await db.query(
      `insert into maintenance_window (maintenance_id, starts_at, ends_at) values ($1, $2, $3)
       on conflict (maintenance_id, starts_at) do nothing`,
      [id, startsAt, endsAt],
    )
  },

  /** Maintenance that repeats and has no window that begins after that time, with the start of its newest window. */
  withoutNextWindow: async (now: Date): Promise<(Maintenance & { lastStart: Date | null; createdAt: Date })[]> =>
    (
      await db.query<Maintenance & { lastStart: Date | null; createdAt: Date }>(
        `select ${columns}, newest.starts_at as "lastStart", created_at as "createdAt"
         from ${unplannedAt('$1')} order by plan.id`,
        [now],
      )
    ).rows,

  /** Windows that begin at or before `until` and whose end the chat was not told. They stay locked. */
  untoldWindows: async (until: Date): Promise<UntoldWindow[]> =>
    (
      await db.query<UntoldWindow>(
        `select ${windowColumns}, told, concerned.monitors, concerned.names
         from maintenance_window join maintenance plan on plan.id = maintenance_id
         cross join lateral (
           select count(*) as monitors, coalesce((array_agg(name order by name))[1:${shownNames}], '{}') as names
           from monitor where ${concerns('monitor')} and paused_at is null
         ) concerned
         where ${isUntoldWindow('$1')}
         order by maintenance_window.id for update of maintenance_window skip locked`,
        [until],
      )
    ).rows,

  /** Stores what the chats were told of these windows. */
  saveTold: async (windows: readonly { windowId: number; told: WindowPhase }[]): Promise<void> => {
    if (windows.length === 0) return
    await db.query(
      `update maintenance_window set told = told.phase
       from unnest($1::bigint[], $2::text[]) as told (id, phase) where maintenance_window.id = told.id`,
      [windows.map(({ windowId }) => windowId), windows.map(({ told }) => told)],
    )
  },

  /** The maintenance of a chat that goes on or comes, by start. */
  of: async (chatId: number, now: Date): Promise<MaintenanceWindow[]> =>
    (
      await db.query<MaintenanceWindow>(
        `select ${windowColumns} from maintenance_window join maintenance plan on plan.id = maintenance_id
         where plan.chat_id = $1 and ends_at > $2 order by starts_at, maintenance_window.id`,
        [chatId, now],
      )
    ).rows,

  /** Adds maintenance, unless the chat has the same one, so that a repeated request adds one. */
  addOnce: (wanted: NewMaintenance, now: Date): Promise<{ id: number; isNew: boolean }> =>
    db.transaction(async tx => {
      await tx.query('select from chat where id = $1 for no key update', [wanted.chatId])
      const [cron, zone, durationS] = 'cron' in wanted ? [wanted.cron, wanted.zone, wanted.durationS] : []
      const [startsAt, endsAt] = 'startsAt' in wanted ? [wanted.startsAt, wanted.endsAt] : []
      const { rows } = await tx.query<{ id: number }>(
        `select id from maintenance plan
         where chat_id = $1 and monitor_id is not distinct from $2::bigint and group_name is not distinct from $3::text
           and title = $4 and config_key is null and cron is not distinct from $5::text and zone is not distinct from $6::text
           and duration_s is not distinct from $7::integer and (cron is not null or exists (
             select from maintenance_window where maintenance_id = plan.id and starts_at = $8 and ends_at = $9))
         limit 1`,
        [
          wanted.chatId,
          wanted.monitorId,
          wanted.groupName,
          wanted.title ?? '',
          cron,
          zone,
          durationS,
          startsAt,
          endsAt,
        ],
      )
      if (rows[0] !== undefined) return { id: rows[0].id, isNew: false }
      return { id: await maintenanceIn(tx).add(wanted, now), isNew: true }
    }),

  /**
   * Begins maintenance now. If maintenance of the same monitors goes on, it ends at `endsAt` at the earliest. So a
   * request that is repeated begins it once. Returns the id of the window.
   */
  beginNow: (
    wanted: MaintenanceScope & { title?: string; threadId?: number | null },
    endsAt: Date,
    now: Date,
  ): Promise<number> =>
    db.transaction(async tx => {
      // Parallel requests wait for each other, so that they begin it once.
      await tx.query('select from chat where id = $1 for no key update', [wanted.chatId])
      const extended = await tx.query<{ id: number }>(
        `update maintenance_window set ends_at = greatest(ends_at, $4) where id = (
           select maintenance_window.id from maintenance_window join maintenance plan on plan.id = maintenance_id
           where plan.chat_id = $1 and monitor_id is not distinct from $2::bigint and group_name is not distinct from $3::text
             and starts_at <= $5 and ends_at > $5 order by ends_at desc limit 1
         ) returning id`,
        [wanted.chatId, wanted.monitorId, wanted.groupName, endsAt, now],
      )
      if (extended.rows[0] !== undefined) return extended.rows[0].id
      const id = await maintenanceIn(tx).add({ ...wanted, startsAt: now, endsAt }, now)
      const { rows } = await tx.query<{ id: number }>('select id from maintenance_window where maintenance_id = $1', [
        id,
      ])
      return rows[0]!.id
    }),

  /** Ends a window of the chat that goes on. False if there is no such window. */
  endNow: async (chatId: number, windowId: number, now: Date): Promise<boolean> =>
    (
      await db.query(
        `update maintenance_window set ends_at = $3 from maintenance plan
         where plan.id = maintenance_id and plan.chat_id = $1 and maintenance_window.id = $2
           and starts_at <= $3 and ends_at > $3`,
        [chatId, windowId, now],
      )
    ).rowCount === 1,

  /**
   * Removes maintenance of the chat. Windows that began stay, because their time does not count in the uptime; one that
   * goes on ends. False if the chat has no such maintenance.
   */
  remove: (chatId: number, id: number, now: Date): Promise<boolean> =>
    db.transaction(async tx => {
      const { rowCount } = await tx.query(
        `update maintenance set cron = null, zone = null, duration_s = null, config_key = null where chat_id = $1 and id = $2`,
        [chatId, id],
      )
      if (rowCount === 0) return false
      await tx.query('delete from maintenance_window where maintenance_id = $1 and starts_at > $2', [id, now])
      await tx.query('update maintenance_window set ends_at = $2 where maintenance_id = $1 and ends_at > $2', [id, now])
      await tx.query(
        'delete from maintenance where id = $1 and not exists (select from maintenance_window where maintenance_id = $1)',
        [id],
      )
      return true
    }),
})

export type MaintenanceTables = ReturnType<typeof maintenanceIn>

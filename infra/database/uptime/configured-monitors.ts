import type { Postgres } from '../connect.ts'
import { monitorSecretsIn } from './monitor-secrets.ts'
import type { Monitor } from './monitors.ts'
import type { ReminderSetting } from './told-states.ts'

/** A monitor as vigia.yaml describes it: without its state, and with its secrets. */
export interface ConfiguredMonitor
  extends Pick<
    Monitor,
    'id' | 'chatId' | 'name' | 'kind' | 'url' | 'intervalS' | 'timeoutMs' | 'confirmations' | 'recoveries' | 'parentId'
  > {
  /** The key in vigia.yaml; null for a monitor that was added in the chat. */
  key: string | null
  group: string | null
  reminder: ReminderSetting
  isPaused: boolean
  settings: Record<string, unknown>
  secrets: Record<string, string>
  /** The topic of the messages; null for General, and for a chat without topics. */
  threadId: number | null
}

/** The columns that `update` sets. */
export type MonitorUpdate = Pick<
  ConfiguredMonitor,
  | 'id'
  | 'name'
  | 'url'
  | 'intervalS'
  | 'timeoutMs'
  | 'confirmations'
  | 'recoveries'
  | 'reminder'
  | 'key'
  | 'group'
  | 'settings'
> & {
  threadId: number | null
  /** Who makes the change, if limits count: the load belongs to the person who increases it. */
  personId?: number | null
  /** An address of the host, if it is known. */
  address?: string | null
}

/** The table `monitor` for vigia.yaml and for the API. */
export const configuredMonitorsIn = (db: Postgres) => ({
  /**
   * Makes other calls of `lock` wait until this transaction ends, so that a plan stays true while it is applied.
   */
  lock: async (): Promise<void> => {
    await db.query(`select pg_advisory_xact_lock(hashtext('vigia yaml'))`)
  },

  /** The monitors of chats, in the order in which they were added; of all chats if `chatIds` is null. */
  of: async (chatIds: readonly number[] | null): Promise<ConfiguredMonitor[]> => {
    const { rows } = await db.query<Omit<ConfiguredMonitor, 'secrets'>>(
      `select monitor.id, monitor.chat_id as "chatId", config_key as key, name, kind, url, interval_s as "intervalS",
         timeout_ms as "timeoutMs", confirmations, recoveries, reminder, group_name as "group", parent_id as "parentId",
         paused_at is not null as "isPaused", settings, follow.thread_id as "threadId"
       from monitor left join follow on follow.chat_id = monitor.chat_id and follow.subject = 'monitor/' || monitor.id
       where $1::bigint[] is null or monitor.chat_id = any ($1) order by monitor.id`,
      [chatIds],
    )
    const secrets = await monitorSecretsIn(db).of(rows.map(({ id }) => id))
    return rows.map(monitor => ({ ...monitor, secrets: secrets.get(monitor.id) ?? {} }))
  },

  /** Changes a monitor. Its state and its history stay; a verdict on a check that has begun before is not stored. */
  update: async (monitor: MonitorUpdate): Promise<void> => {
    await db.query(
      `with updated as (
         update monitor set name = $2, url = $3, interval_s = $4, timeout_ms = $5, confirmations = $6, recoveries = $7,
           config_key = $8, group_name = $9, settings = $10, reminder = $12, version = version + 1,
           person_id = case when interval_s <= $4 then coalesce(person_id, $13) else coalesce($13, person_id) end,
           address = coalesce($14::inet, case when url = $3 then address end)
         where id = $1 returning id, chat_id, name
       )
       update follow set title = updated.name, thread_id = $11
       from updated where follow.chat_id = updated.chat_id and follow.subject = 'monitor/' || updated.id`,
      [
        monitor.id,
        monitor.name,
        monitor.url,
        monitor.intervalS,
        monitor.timeoutMs,
        monitor.confirmations,
        monitor.recoveries,
        monitor.key,
        monitor.group,
        JSON.stringify(monitor.settings),
        monitor.threadId,
        monitor.reminder,
        monitor.personId ?? null,
        monitor.address ?? null,
      ],
    )
  },

  /** Sets the parent of a monitor by id; null for none. */
  setParent: async (chatId: number, id: number, parentId: number | null): Promise<void> => {
    await db.query('update monitor set parent_id = $3 where chat_id = $1 and id = $2', [chatId, id, parentId])
  },

  /** The id of the monitor of a chat with this key; null if there is none. */
  idOf: async (chatId: number, key: string): Promise<number | null> =>
    (await db.query<{ id: number }>('select id from monitor where chat_id = $1 and config_key = $2', [chatId, key]))
      .rows[0]?.id ?? null,

  /** Sets the parents of a chat's monitors, all by key; null for a monitor without a parent. */
  setParents: async (chatId: number, parents: ReadonlyMap<string, string | null>): Promise<void> => {
    await db.query(
      `update monitor child set parent_id = parent.id
       from unnest($2::text[], $3::text[]) as wanted (key, parent_key)
       left join monitor parent on parent.chat_id = $1 and parent.config_key = wanted.parent_key
       where child.chat_id = $1 and child.config_key = wanted.key and child.parent_id is distinct from parent.id`,
      [chatId, [...parents.keys()], [...parents.values()]],
    )
  },
})

export type ConfiguredMonitors = ReturnType<typeof configuredMonitorsIn>

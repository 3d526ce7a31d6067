import type { Postgres } from '../connect.ts'
import type { MaintenanceScope, Repetition } from './maintenance.ts'

/** Planned maintenance that has a key in vigia.yaml. `once` is the window of maintenance that does not repeat. */
export interface ConfiguredWindow extends MaintenanceScope {
  id: number
  key: string
  title: string
  repetition: Repetition | null
  once: { startsAt: Date; endsAt: Date } | null
}

/** The maintenance of these chats that has a key in vigia.yaml; of all chats if `chatIds` is null. */
export const configuredWindowsOf = async (
  db: Postgres,
  chatIds: readonly number[] | null,
): Promise<ConfiguredWindow[]> => {
  const { rows } = await db.query<Omit<ConfiguredWindow, 'once'> & { startsAt: Date | null; endsAt: Date | null }>(
    `select plan.id, plan.chat_id as "chatId", monitor_id as "monitorId", group_name as "groupName", config_key as key, title,
       case when cron is not null then json_build_object('cron', cron, 'zone', zone, 'durationS', duration_s) end as repetition,
       one.starts_at as "startsAt", one.ends_at as "endsAt"
     from maintenance plan
     left join lateral (
       select starts_at, ends_at from maintenance_window where maintenance_id = plan.id and cron is null
       order by starts_at limit 1
     ) one on true
     where config_key is not null and ($1::bigint[] is null or plan.chat_id = any ($1)) order by plan.id`,
    [chatIds],
  )
  return rows.map(({ startsAt, endsAt, ...window }) => ({
    ...window,
    once: startsAt === null || endsAt === null ? null : { startsAt, endsAt },
  }))
}

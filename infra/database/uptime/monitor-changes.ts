import { jsonText, type Postgres } from '../connect.ts'
import { type ExceededLimit, exceededLimit, type MonitorLimits } from './monitor-limits.ts'
import { monitorSecretsIn, type SecretChanges } from './monitor-secrets.ts'
import type { Monitor } from './monitors.ts'

/** The fields that a person may change. The URL is not one of them, because the history belongs to the URL. */
export type ChangedFields = Pick<
  Monitor,
  | 'name'
  | 'intervalS'
  | 'timeoutMs'
  | 'settings'
  | 'groupName'
  | 'parentId'
  | 'confirmations'
  | 'recoveries'
  | 'reminder'
> & { secrets: SecretChanges }

/** Changes of rows of the table `monitor` that a person requests. */
export const monitorChangesIn = (db: Postgres) => ({
  /**
   * Changes the fields within the limits. `exceeded` is the limit that would be exceeded; null: the chat has no monitor
   * with this id. A paused monitor stays paused, and the limits count when it is resumed.
   */
  change: (
    chatId: number,
    id: number,
    fields: ChangedFields,
    personId: number,
    limits: MonitorLimits,
  ): Promise<{ changed: true } | { exceeded: ExceededLimit } | null> =>
    db.transaction(async tx => {
      const { rows } = await tx.query<{
        url: string
        configKey: string | null
        address: string | null
        paused: boolean
      }>(
        `select url, config_key as "configKey", host(address) as address, paused_at is not null as paused
         from monitor where chat_id = $1 and id = $2`,
        [chatId, id],
      )
      const known = rows[0]
      if (known === undefined) return null
      const exceeded = known.paused
        ? null
        : await exceededLimit(tx, { ...known, chatId, personId, intervalS: fields.intervalS }, limits)
      if (exceeded !== null) return { exceeded }
      await tx.query(
        `with changed as (
           update monitor set interval_s = $3, timeout_ms = $4, settings = $5, group_name = $6, parent_id = $7,
             confirmations = $8, recoveries = $9, reminder = $11, name = $12,
             person_id = case when $3 >= interval_s then coalesce(person_id, $10) else $10 end
           where chat_id = $1 and id = $2
         )
         update follow set title = $12 where chat_id = $1 and subject = 'monitor/' || $2::bigint`,
        [
          chatId,
          id,
          fields.intervalS,
          fields.timeoutMs,
          jsonText(fields.settings),
          fields.groupName,
          fields.parentId,
          fields.confirmations,
          fields.recoveries,
          personId,
          fields.reminder,
          fields.name,
        ],
      )
      await monitorSecretsIn(tx).change(id, fields.secrets)
      return { changed: true }
    }),
})

export type MonitorChanges = ReturnType<typeof monitorChangesIn>

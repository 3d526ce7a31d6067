import type { Language } from '../chats/language.ts'
import type { Postgres } from '../connect.ts'

/** A delivery to send now, with what its request needs. */
export interface DueDelivery {
  /** The header webhook-id. */
  id: string
  body: string
  /** The attempts before this one. */
  attempts: number
  url: string
  /** The secrets that sign, the newest first. */
  secrets: string[]
}

/** A webhook that was disabled, with its chat. */
export interface DisabledWebhook {
  id: number
  disabledAt: Date
  chatId: number
  language: Language
  url: string
  lastFailure: string
}

/** How long one process may send to a webhook before another one may. It is longer than `sendDue` takes. */
const leaseFor = '40 seconds'

/** What a webhook is told. */
export interface NewDelivery {
  id: string
  webhookId: number
  body: string
  /** What it is about: `incident/7`. Deliveries about the same matter are sent in the order in which they happened. */
  matter: string | null
  happenedAt: Date
  /** Whether it says nothing new to a receiver that knows something later of the matter. */
  isOutdatedByLater: boolean
}

/** For so long a delivery that fails holds up the later ones about its matter. */
const orderedFor = '1 hour'

/** SQL: whether the row `delivery` may be sent at the time `now`: what happened before in its matter has been sent. */
const isDue = (now: string) => `(delivery.state = 'waiting' and delivery.due_at <= ${now} and not exists (
  select from webhook_delivery earlier
  where earlier.webhook_id = delivery.webhook_id and earlier.matter = delivery.matter and earlier.state = 'waiting'
    and earlier.requested_at > ${now}::timestamptz - interval '${orderedFor}'
    and (earlier.happened_at, earlier.requested_at) < (delivery.happened_at, delivery.requested_at)))`

/** SQL: the deliveries that are due, and the disabled webhooks whose chats have to be told. */
export const webhookWorkAt = (now: string): string => `(
  select 1 from webhook_delivery delivery where ${isDue(now)}
  union all select 1 from webhook where disabled_at is not null and told_at is null
) work`

/** The tables `webhook_delivery` and `webhook`, for the function that sends. */
export const webhookDeliveriesIn = (db: Postgres) => ({
  /** Stores a delivery once. Nothing is stored for a webhook that is disabled or deleted. */
  keep: async (delivery: NewDelivery, now: Date): Promise<void> => {
    const { id, webhookId, body, matter, happenedAt, isOutdatedByLater } = delivery
    await db.query(
      `insert into webhook_delivery (id, webhook_id, body, due_at, requested_at, matter, happened_at)
       select $1, id, $3, $4, $4, $5, $6 from webhook where id = $2 and disabled_at is null and not ($7 and exists (
         select from webhook_delivery later where later.webhook_id = $2 and later.matter = $5 and later.happened_at > $6
           and later.state <> 'waiting'))
       on conflict (id) do nothing`,
      [id, webhookId, body, now, matter, happenedAt, isOutdatedByLater],
    )
  },

  /** The webhooks with a delivery that is due and to which no process sends, those that wait longest first. */
  webhooksDue: async (now: Date, limit: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `select webhook_id as id from webhook_delivery delivery join webhook on webhook.id = webhook_id
         where ${isDue('$1')} and (busy_until is null or busy_until <= $1)
         group by webhook_id order by min(due_at) limit $2`,
        [now, limit],
      )
    ).rows.map(({ id }) => id),

  /** Begins to send to a webhook. False if another process sends to it. */
  begin: async (webhookId: number, now: Date): Promise<boolean> =>
    (
      await db.query(
        `update webhook set busy_until = $2::timestamptz + interval '${leaseFor}'
         where id = $1 and (busy_until is null or busy_until <= $2)`,
        [webhookId, now],
      )
    ).rowCount === 1,

  end: async (webhookId: number): Promise<void> => {
    await db.query('update webhook set busy_until = null where id = $1', [webhookId])
  },

  /** The next delivery of a webhook that is due; null if there is none. */
  next: async (webhookId: number, now: Date): Promise<DueDelivery | null> =>
    (
      await db.query<DueDelivery>(
        `select delivery.id, body, attempts, url,
           case when old_until > $2 then array[secret, old_secret] else array[secret] end as secrets
         from webhook_delivery delivery join webhook on webhook.id = webhook_id
         where webhook_id = $1 and ${isDue('$2')} and disabled_at is null
         order by due_at, requested_at, delivery.id limit 1`,
        [webhookId, now],
      )
    ).rows[0] ?? null,

  sent: (webhookId: number, id: string): Promise<void> =>
    db.transaction(async tx => {
      await tx.query(`update webhook_delivery set state = 'sent', attempts = attempts + 1 where id = $1`, [id])
      await tx.query('update webhook set failing_since = null, last_failure = null where id = $1', [webhookId])
    }),

  /** Stores a failure. `retryAt` is null after the last attempt. */
  failed: (
    webhookId: number,
    id: string,
    { retryAt, reason, now }: { retryAt: Date | null; reason: string; now: Date },
  ): Promise<void> =>
    db.transaction(async tx => {
      await tx.query(
        `update webhook_delivery set attempts = attempts + 1, due_at = coalesce($2, due_at),
           state = case when $2::timestamptz is null then 'failed' else 'waiting' end
         where id = $1`,
        [id, retryAt],
      )
      await tx.query(
        'update webhook set failing_since = coalesce(failing_since, $2), last_failure = $3 where id = $1',
        [webhookId, now, reason],
      )
    }),

  /**
   * Disables a webhook that has failed since `failingSince` or longer, and gives up what waits for it. False if it has
   * not, or if it was disabled before.
   */
  disable: (webhookId: number, failingSince: Date, now: Date): Promise<boolean> =>
    db.transaction(async tx => {
      const { rowCount } = await tx.query(
        `update webhook set disabled_at = $3, told_at = null
         where id = $1 and disabled_at is null and failing_since <= $2`,
        [webhookId, failingSince, now],
      )
      if (rowCount === 0) return false
      await tx.query(`update webhook_delivery set state = 'failed' where webhook_id = $1 and state = 'waiting'`, [
        webhookId,
      ])
      return true
    }),

  /** The disabled webhooks of which their chats have not been told, the oldest first. */
  untold: async (limit: number): Promise<DisabledWebhook[]> =>
    (
      await db.query<DisabledWebhook>(
        `select webhook.id, disabled_at as "disabledAt", chat_id as "chatId", language, url,
           last_failure as "lastFailure"
         from webhook join chat on chat.id = chat_id
         where disabled_at is not null and told_at is null order by disabled_at limit $1`,
        [limit],
      )
    ).rows,

  /** Stores that the chats were told of disabled webhooks. */
  markTold: async (ids: readonly number[], now: Date): Promise<void> => {
    await db.query('update webhook set told_at = $2 where id = any ($1)', [ids, now])
  },
})

export type WebhookDeliveries = ReturnType<typeof webhookDeliveriesIn>

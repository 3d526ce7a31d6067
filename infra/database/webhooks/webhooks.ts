import { randomBytes } from 'node:crypto'
import type { Postgres } from '../connect.ts'

/** A webhook as its owners see it: without its secrets. */
export interface Webhook {
  id: number
  chatId: number
  /** Only what this page shows; null: everything of the chat. */
  pageId: number | null
  url: string
  /** The key in vigia.yaml; null for a webhook that was made in the chat. */
  configKey: string | null
  failingSince: Date | null
  /** Why the last delivery failed. */
  lastFailure: string | null
  disabledAt: Date | null
}

/** The most webhooks of one chat. */
export const maxWebhooksPerChat = 10
/** How long the old secret signs too after a change. */
const oldSecretFor = '1 day'

/** SQL: the changes of a row that gets this secret at this time. The one before signs too for a while. */
export const keepOldSecret = (secret: string, now: string): string =>
  `old_secret = secret, old_until = ${now}::timestamptz + interval '${oldSecretFor}', secret = ${secret}`

/** A secret of 256 random bits, as Standard Webhooks writes it. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

const columns = `webhook.id, webhook.chat_id as "chatId", webhook.page_id as "pageId", webhook.url, config_key as "configKey",
  failing_since as "failingSince", last_failure as "lastFailure", disabled_at as "disabledAt"`

/** The table `webhook`, for those who make webhooks. */
export const webhooksIn = (db: Postgres) => ({
  /**
   * Makes a webhook and returns its secret, which is the only time that it can be shown. A repeat with the same cause
   * makes no second one, and gives it another secret. Null if the chat has too many.
   */
  create: (
    wanted: Pick<Webhook, 'chatId' | 'pageId' | 'url'> & { cause: string },
    now: Date,
  ): Promise<{ id: number; secret: string } | null> =>
    db.transaction(async tx => {
      const { chatId, pageId, url, cause } = wanted
      const secret = newSecret()
      // Parallel requests count the webhooks of each other.
      await tx.query('select from chat where id = $1 for no key update', [chatId])
      const { rows: others } = await tx.query<{ count: number }>(
        'select count(*) as count from webhook where chat_id = $1 and cause <> $2',
        [chatId, cause],
      )
      if (others[0]!.count >= maxWebhooksPerChat) return null
      const { rows } = await tx.query<{ id: number }>(
        `insert into webhook (chat_id, page_id, url, secret, cause, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (chat_id, cause) do update set secret = excluded.secret returning id`,
        [chatId, pageId, url, secret, cause, now],
      )
      return { id: rows[0]!.id, secret }
    }),

  /** The webhooks of a chat, the oldest first. */
  of: async (chatId: number): Promise<Webhook[]> =>
    (await db.query<Webhook>(`select ${columns} from webhook where chat_id = $1 order by id`, [chatId])).rows,

  /**
   * Gives a webhook of a chat a new secret and returns it. The old one signs too for a day. Null if the chat has no
   * such webhook.
   */
  rotate: async (chatId: number, id: number, now: Date): Promise<string | null> => {
    const secret = newSecret()
    const { rowCount } = await db.query(
      `update webhook set ${keepOldSecret('$3', '$4')} where chat_id = $1 and id = $2`,
      [chatId, id, secret, now],
    )
    return rowCount === 1 ? secret : null
  },

  /** Lets a disabled webhook of a chat work again. False if the chat has no such webhook. */
  enable: async (chatId: number, id: number): Promise<boolean> =>
    (
      await db.query(
        'update webhook set disabled_at = null, failing_since = null, last_failure = null where chat_id = $1 and id = $2',
        [chatId, id],
      )
    ).rowCount === 1,

  /** Deletes a webhook of a chat with what waits for it. False if the chat has no such webhook. */
  remove: async (chatId: number, id: number): Promise<boolean> =>
    (await db.query('delete from webhook where chat_id = $1 and id = $2', [chatId, id])).rowCount === 1,
})

export type Webhooks = ReturnType<typeof webhooksIn>

/** A webhook that wants to know of an event. `name` is what its page, or else the chat, calls the monitor. */
export interface WebhookListener {
  id: number
  page: { id: number; title: string } | null
  name: string
}

const page = `case when page.id is not null then json_build_object('id', page.id, 'title', page.title) end as page`

/** Which webhooks want to know of an event. */
export const webhookListenersIn = (db: Postgres) => ({
  /** Those of the chat of a monitor, and of the pages of this chat that show it. */
  ofMonitor: async (monitorId: number): Promise<WebhookListener[]> =>
    (
      await db.query<WebhookListener>(
        `select webhook.id, ${page}, coalesce(shown.name, monitor.name) as name
         from monitor join webhook on webhook.chat_id = monitor.chat_id left join status_page page on page.id = page_id
         left join status_page_component shown on shown.page_id = page.id and shown.monitor_id = monitor.id
         where monitor.id = $1 and disabled_at is null and (page.id is null or shown.page_id is not null)
         order by webhook.id`,
        [monitorId],
      )
    ).rows,

  /** Those of a page, and of its chat. */
  ofPage: async (pageId: number): Promise<WebhookListener[]> =>
    (
      await db.query<WebhookListener>(
        `select webhook.id, ${page}, page.title as name
         from status_page page join webhook on webhook.chat_id = page.chat_id and coalesce(page_id, page.id) = page.id
         where page.id = $1 and disabled_at is null order by webhook.id`,
        [pageId],
      )
    ).rows,

  /** Those of the chat of a maintenance window, and of the pages of this chat with a monitor that it concerns. */
  ofWindow: async (windowId: number): Promise<WebhookListener[]> =>
    (
      await db.query<WebhookListener>(
        `select webhook.id, ${page}, plan.title as name
         from maintenance_window join maintenance plan on plan.id = maintenance_id
         join webhook on webhook.chat_id = plan.chat_id left join status_page page on page.id = page_id
         where maintenance_window.id = $1 and disabled_at is null and (page.id is null or exists (
           select from status_page_component shown join monitor on monitor.id = shown.monitor_id
           where shown.page_id = page.id and (plan.monitor_id is null or plan.monitor_id = monitor.id)
             and (plan.group_name is null or plan.group_name = monitor.group_name)))
         order by webhook.id`,
        [windowId],
      )
    ).rows,
})

export type WebhookListeners = ReturnType<typeof webhookListenersIn>

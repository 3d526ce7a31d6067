import { randomBytes } from 'node:crypto'
import type { Postgres } from '../connect.ts'
import { keepOldSecret, maxWebhooksPerChat, newSecret } from './webhooks.ts'

/** A webhook as vigia.yaml describes it. */
export interface ConfiguredWebhook {
  id: number
  chatId: number
  /** null for a webhook that was made in the chat. */
  key: string | null
  url: string
  /** The name of the page that it is for; null for everything of the chat. */
  page: string | null
  secret: string
}

/** What the file wants. A secret of null stays as it is, and is made for a new webhook. */
export interface WantedWebhook extends Omit<ConfiguredWebhook, 'id' | 'key' | 'secret'> {
  key: string
  secret: string | null
}

/** The table `webhook`, for vigia.yaml. */
export const configuredWebhooksIn = (db: Postgres) => ({
  /** All webhooks of chats; of all chats if `chatIds` is null. */
  of: async (chatIds: readonly number[] | null): Promise<ConfiguredWebhook[]> =>
    (
      await db.query<ConfiguredWebhook>(
        `select webhook.id, webhook.chat_id as "chatId", webhook.config_key as key, url, slug as page, webhook.secret
         from webhook left join status_page page on page.id = page_id
         where $1::bigint[] is null or webhook.chat_id = any ($1) order by webhook.id`,
        [chatIds],
      )
    ).rows,

  /** Makes a webhook of the file. False if the chat has too many. */
  add: async ({ chatId, key, url, page, secret }: WantedWebhook, now: Date): Promise<boolean> => {
    await db.query('select from chat where id = $1 for no key update', [chatId])
    const { rowCount } = await db.query(
      `insert into webhook (chat_id, page_id, url, secret, cause, config_key, created_at)
       select $1, (select id from status_page where chat_id = $1 and slug = $2), $3, $4, $5, $6, $7
       where (select count(*) from webhook where chat_id = $1) < ${maxWebhooksPerChat}`,
      // A webhook that is deleted and made again is another one.
      [chatId, page, url, secret ?? newSecret(), `file/${key}/${randomBytes(8).toString('hex')}`, key, now],
    )
    return rowCount === 1
  },

  /** Changes a webhook, which then belongs to the file. The old secret signs too for a day. */
  change: async (id: number, { chatId, key, url, page, secret }: WantedWebhook, now: Date): Promise<void> => {
    await db.query(
      `update webhook set config_key = $3, url = $4,
         page_id = (select id from status_page where chat_id = $1 and slug = $5) where chat_id = $1 and id = $2`,
      [chatId, id, key, url, page],
    )
    if (secret !== null)
      await db.query(
        `update webhook set ${keepOldSecret('$3', '$4')} where chat_id = $1 and id = $2 and secret <> $3`,
        [chatId, id, secret, now],
      )
  },
})

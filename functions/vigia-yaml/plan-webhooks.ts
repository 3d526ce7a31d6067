import type { ConfiguredWebhook } from '#database/webhooks/configured-webhooks.ts'
import type { DesiredChat, DesiredWebhook } from './desired.ts'

/** What happens to a webhook. `adopt`: the file takes over a webhook of the same URL that was made in the chat. */
export type WebhookChange =
  | { action: 'create'; chatId: number; key: string; webhook: DesiredWebhook }
  | { action: 'update' | 'adopt'; chatId: number; key: string; id: number; webhook: DesiredWebhook; fields: string[] }
  | { action: 'delete'; chatId: number; key: string; id: number }

/** Decides what has to change in the webhooks of a chat. */
export const webhookChanges = (
  { id: chatId, webhooks }: DesiredChat,
  known: readonly ConfiguredWebhook[],
  prune: boolean,
): WebhookChange[] => {
  const fromChat = known.filter(({ key }) => key === null)
  const wanted = webhooks.flatMap((webhook): WebhookChange[] => {
    const { key } = webhook
    const keyed = known.find(one => one.key === key)
    const at = fromChat.findIndex(({ url, page }) => url === webhook.url && page === webhook.page)
    const found = keyed ?? (at < 0 ? undefined : fromChat.splice(at, 1)[0])
    if (found === undefined) return [{ action: 'create', chatId, key, webhook }]
    const fields = changedFields(found, webhook)
    if (keyed === undefined) return [{ action: 'adopt', chatId, key, id: found.id, webhook, fields }]
    return fields.length === 0 ? [] : [{ action: 'update', chatId, key, id: found.id, webhook, fields }]
  })
  const keys = new Set(webhooks.map(({ key }) => key))
  const unwanted = prune ? known.flatMap(({ id, key }) => (key === null || keys.has(key) ? [] : [{ id, key }])) : []
  return [...wanted, ...unwanted.map(({ id, key }): WebhookChange => ({ action: 'delete', chatId, key, id }))]
}

const changedFields = (from: ConfiguredWebhook, to: DesiredWebhook): string[] => [
  ...(from.url === to.url ? [] : ['url']),
  ...(from.page === to.page ? [] : ['page']),
  ...(to.secret === null || from.secret === to.secret ? [] : ['secret']),
]

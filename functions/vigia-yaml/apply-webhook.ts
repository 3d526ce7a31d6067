import type { Postgres } from '#database/connect.ts'
import { configuredWebhooksIn } from '#database/webhooks/configured-webhooks.ts'
import { maxWebhooksPerChat, webhooksIn } from '#database/webhooks/webhooks.ts'
import type { WebhookChange } from './plan-webhooks.ts'

/** A chat would have too many webhooks; nothing is saved. */
export class TooManyWebhooks extends Error {
  override name = 'TooManyWebhooks'

  constructor(key: string) {
    super(`webhook ${key}: a chat may have ${maxWebhooksPerChat} webhooks; delete one first`)
  }
}

/** Stores a change of a webhook, after the pages are stored. */
export const applyWebhook = async (tx: Postgres, change: WebhookChange): Promise<void> => {
  const { chatId, key } = change
  if (change.action === 'delete') {
    await webhooksIn(tx).remove(chatId, change.id)
    return
  }
  const wanted = { ...change.webhook, chatId }
  const now = new Date()
  if (change.action !== 'create') await configuredWebhooksIn(tx).change(change.id, wanted, now)
  else if (!(await configuredWebhooksIn(tx).add(wanted, now))) throw new TooManyWebhooks(key)
}

import type { EventOf } from '#events/event.ts'
import type { WebhookRequested } from '#events/webhook-requested.ts'
import type { WebhooksDue } from '#events/webhooks-due.ts'
import { type SendDependencies, sendDue } from './send-due.ts'
import { messageIdOf } from './signature.ts'
import { type TellDependencies, tellDisabled } from './tell-disabled.ts'

type Dependencies = SendDependencies & TellDependencies

/** Webhooks to which one tick sends at the same time. */
const webhooksPerTick = 50

/** Stores what a webhook has to get, once, and sends it. What cannot be sent now is sent at a later tick. */
export const webhookNotifier = async (
  event: EventOf<typeof WebhookRequested>,
  dependencies: Dependencies,
): Promise<void> => {
  const { webhookId, type, timestamp, payload } = event.data
  await dependencies.deliveries.keep(
    {
      ...{ id: messageIdOf(event.id), webhookId },
      body: JSON.stringify({ type, timestamp, data: payload }),
      matter: matterOf(payload),
      happenedAt: new Date(timestamp),
      // The end of an incident says when it began.
      isOutdatedByLater: type === 'incident.opened',
    },
    dependencies.clock(),
  )
  if (await sendDue(webhookId, dependencies)) await tellDisabled(event, dependencies)
}

/** The incident or the maintenance that a payload is about, or else the page with its posts: `incident/7`. */
const matterOf = (payload: Readonly<Record<string, unknown>>): string | null => {
  for (const kind of ['incident', 'maintenance', 'page']) {
    const { id } = (payload[kind] ?? {}) as { id?: number }
    if (id !== undefined) return `${kind}/${id}`
  }
  return null
}

/**
 * Sends to all webhooks for which something is due, and tells the chats whose webhooks were disabled. The webhooks do
 * not wait for each other. An error at one of them is thrown after the others are done.
 */
export const retryWebhooks = async (event: EventOf<typeof WebhooksDue>, dependencies: Dependencies): Promise<void> => {
  const due = await dependencies.deliveries.webhooksDue(dependencies.clock(), webhooksPerTick)
  const results = await Promise.allSettled(due.map(webhookId => sendDue(webhookId, dependencies)))
  await tellDisabled(event, dependencies)
  const failed = results.find(result => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

import type { EventOf, VigiaEvent } from '#events/event.ts'
import type { WebhookRequested } from '#events/webhook-requested.ts'
import type { WebhooksDue } from '#events/webhooks-due.ts'
import { type SendDependencies, sendDue } from './send-due.ts'
import { messageIdOf } from './signature.ts'

/** Webhooks to which one tick sends at the same time. */
const webhooksPerTick = 50

/** Stores what a webhook has to get, once, and sends it. What cannot be sent now is sent at a later tick. */
export const webhookNotifier = async (
  event: EventOf<typeof WebhookRequested>,
  dependencies: SendDependencies,
): Promise<VigiaEvent[]> => {
  const { webhookId, type, timestamp, payload } = event.data
  const body = JSON.stringify({ type, timestamp, data: payload })
  await dependencies.deliveries.keep(messageIdOf(event.id), webhookId, body, dependencies.clock())
  return sendDue(event, webhookId, dependencies)
}

/**
 * Sends to all webhooks for which something is due. They do not wait for each other, and an error at one of them loses
 * no message about another. Throws if nothing else has come of it; a later tick tries again in any case.
 */
export const retryWebhooks = async (
  event: EventOf<typeof WebhooksDue>,
  dependencies: SendDependencies,
): Promise<VigiaEvent[]> => {
  const due = await dependencies.deliveries.webhooksDue(dependencies.clock(), webhooksPerTick)
  const results = await Promise.allSettled(due.map(webhookId => sendDue(event, webhookId, dependencies)))
  const messages = results.flatMap(result => (result.status === 'fulfilled' ? result.value : []))
  const failed = results.find(result => result.status === 'rejected')
  if (failed !== undefined && messages.length === 0) throw failed.reason
  return messages
}

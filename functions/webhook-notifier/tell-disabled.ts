import type { WebhookDeliveries } from '#database/webhooks/deliveries.ts'
import type { Cause } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Context } from '#functions/host/function-definition.ts'
import { disabledText } from './texts.ts'

export interface TellDependencies {
  deliveries: Pick<WebhookDeliveries, 'untold' | 'markTold'>
  publish: Context['publish']
  clock: Clock
}

/** Chats that are told at once. */
const maxTold = 50

/**
 * Tells the chats whose webhooks were disabled. If the process ends before the last write, the next tick publishes the
 * same events with the same ids again.
 */
export const tellDisabled = async (cause: Cause, { deliveries, publish, clock }: TellDependencies): Promise<void> => {
  const disabled = await deliveries.untold(maxTold)
  if (disabled.length === 0) return
  await publish(
    disabled.map(webhook =>
      MessageRequested.from(cause, {
        id: `webhook/${webhook.id}@${webhook.disabledAt.toISOString()}/message.requested`,
        subject: `chat/${webhook.chatId}`,
        data: { chatId: webhook.chatId, html: String(disabledText(webhook)[webhook.language]) },
      }),
    ),
  )
  await deliveries.markTold(
    disabled.map(({ id }) => id),
    clock(),
  )
}

import type { Postgres } from '#database/connect.ts'
import { webhookDeliveriesIn } from '#database/webhooks/deliveries.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { WebhooksDue } from '#events/webhooks-due.ts'

const tickMs = 10_000

/** The event that lets webhook-notifier try again what is due; none while nothing is due. */
export const webhooksDue = async (tick: Cause, { db, now }: { db: Postgres; now: Date }): Promise<VigiaEvent[]> => {
  if (!(await webhookDeliveriesIn(db).areDue(now))) return []
  const at = new Date(Math.floor(now.getTime() / tickMs) * tickMs).toISOString()
  return [WebhooksDue.from(tick, { id: `webhooks@${at}`, subject: 'webhooks', data: { at } })]
}

import type { DueDelivery, WebhookDeliveries } from '#database/webhooks/deliveries.ts'
import type { Dialler } from '#functions/dial/dial.ts'
import type { Clock } from '#functions/host/clock.ts'
import { secondsBeforeRetry } from './retry-delays.ts'
import { signedHeaders } from './signature.ts'

export interface SendDependencies {
  deliveries: WebhookDeliveries
  dialler: Pick<Dialler, 'request'>
  clock: Clock
}

/** A receiver has to answer within this time. */
const timeoutMs = 8_000
/** One call sends for this long, so that it ends before the broker's timeout and before the lease. */
const budgetMs = 20_000
/** A webhook that has failed for this long is disabled. */
const disableAfterMs = 3 * 86_400_000
/** The receiver says that it wants no more requests. */
const gone = 410

/**
 * Sends what is due to one webhook, one request at a time, until a request fails or the time is over; the rest waits
 * for the next tick. Does nothing while another process sends to the webhook. Returns whether the webhook was disabled.
 */
export const sendDue = async (
  webhookId: number,
  { deliveries, dialler, clock }: SendDependencies,
): Promise<boolean> => {
  const begunAt = clock()
  if (!(await deliveries.begin(webhookId, begunAt))) return false
  try {
    while (clock().getTime() - begunAt.getTime() < budgetMs) {
      const delivery = await deliveries.next(webhookId, clock())
      if (delivery === null) return false
      const failure = await send(dialler, delivery, clock())
      if (failure === null) {
        // If the process ends before this write, the receiver gets the request again, with the same id.
        await deliveries.sent(webhookId, delivery.id)
        continue
      }
      return await afterFailure(webhookId, delivery, failure, { deliveries, clock })
    }
    return false
  } finally {
    await deliveries.end(webhookId)
  }
}

interface Failure {
  /** `status 500`, or a code of events/probe-error.ts. It has no part of the URL or of the answer. */
  reason: string
  isGone: boolean
}

/** Sends one request. Redirects are not followed, because a receiver could lead to a private address by them. */
const send = async (
  dialler: SendDependencies['dialler'],
  delivery: DueDelivery,
  now: Date,
): Promise<Failure | null> => {
  const { url, body } = delivery
  const headers = { ...signedHeaders(delivery, now), 'Content-Type': 'application/json' }
  const { error, status } = await dialler.request(url, {
    timeoutMs,
    request: { method: 'POST', headers, body, followsRedirects: false },
  })
  if (error !== null) return { reason: error, isGone: false }
  if (status !== null && status >= 200 && status < 300) return null
  return { reason: `status ${status}`, isGone: status === gone }
}

const afterFailure = async (
  webhookId: number,
  { id, attempts }: DueDelivery,
  { reason, isGone }: Failure,
  { deliveries, clock }: Pick<SendDependencies, 'deliveries' | 'clock'>,
): Promise<boolean> => {
  const now = clock()
  const delayS = secondsBeforeRetry(attempts + 1)
  const retryAt = delayS === null ? null : new Date(now.getTime() + delayS * 1000)
  await deliveries.failed(webhookId, id, { retryAt, reason, now })
  const failingSince = isGone ? now : new Date(now.getTime() - disableAfterMs)
  return await deliveries.disable(webhookId, failingSince, now)
}

import type { WaitingWork } from '#database/operations/waiting-work.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { HeartbeatsDue } from '#events/heartbeats-due.ts'
import { WebhooksDue } from '#events/webhooks-due.ts'

const tickMs = 10_000

/**
 * The events that let `heartbeat` check its deadlines while a heartbeat exists that is not paused, and let
 * `webhook-notifier` try again what is due. Two ticks in the same ten seconds publish the same ids.
 */
export const dueEvents = (tick: Cause, work: Pick<WaitingWork, 'heartbeats' | 'webhooks'>, now: Date): VigiaEvent[] => {
  const at = new Date(Math.floor(now.getTime() / tickMs) * tickMs).toISOString()
  return [
    ...(work.heartbeats
      ? [HeartbeatsDue.from(tick, { id: `heartbeats@${at}`, subject: 'heartbeats', data: { at } })]
      : []),
    ...(work.webhooks ? [WebhooksDue.from(tick, { id: `webhooks@${at}`, subject: 'webhooks', data: { at } })] : []),
  ]
}

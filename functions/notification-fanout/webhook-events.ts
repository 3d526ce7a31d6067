import type { WebhookListener, WebhookListeners } from '#database/webhooks/webhooks.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { WebhookRequested } from '#events/webhook-requested.ts'
import type { NotifiableEvent } from './notifiable-event.ts'

/** What a webhook gets: a kind, the time, and for each listener its data. */
interface Happening {
  type: string
  timestamp: string
  listeners: WebhookListener[]
  payloadFor(listener: WebhookListener): Record<string, unknown>
}

/**
 * One webhook.requested for each webhook that wants to know of the event. Webhooks learn what the visitors of a page
 * may know: neither the URL of a monitor nor the reason of a failure.
 */
export const webhookEvents = async (
  cause: Cause,
  event: NotifiableEvent,
  listeners: WebhookListeners,
  now: Date,
): Promise<VigiaEvent[]> => {
  const happening = await happeningOf(event, listeners, now)
  return (happening?.listeners ?? []).map(listener =>
    WebhookRequested.from(cause, {
      key: String(listener.id),
      subject: `webhook/${listener.id}`,
      data: {
        webhookId: listener.id,
        type: happening!.type,
        timestamp: happening!.timestamp,
        payload: { ...happening!.payloadFor(listener), ...(listener.page && { page: listener.page }) },
      },
    }),
  )
}

const happeningOf = async (
  event: NotifiableEvent,
  listeners: WebhookListeners,
  now: Date,
): Promise<Happening | null> => {
  switch (event.name) {
    case 'monitor.down': {
      const { monitorId, incidentId, since, reminder } = event.data
      // Reminders are for the people who repair the service.
      if (reminder !== undefined) return null
      return incident('incident.opened', since, { monitorId, incidentId, openedAt: since, closedAt: null }, listeners)
    }
    case 'monitor.up': {
      const { monitorId, incidentId, since, until } = event.data
      return incident('incident.closed', until, { monitorId, incidentId, openedAt: since, closedAt: until }, listeners)
    }
    case 'monitor.steady': {
      // While a monitor flaps, its changes are not told. What was told as open is closed now, or is open still.
      const { monitorId, incidentId, since, downSince } = event.data
      if (downSince !== null) return null
      const closedAt = now.toISOString()
      return incident('incident.closed', closedAt, { monitorId, incidentId, openedAt: since, closedAt }, listeners)
    }
    case 'page.posted': {
      const { pageId, postId, title, status, text, at } = event.data
      return {
        type: 'incident.updated',
        timestamp: at,
        listeners: await listeners.ofPage(pageId),
        payloadFor: () => ({ page: { id: pageId, title }, post: { id: postId, status, text, at } }),
      }
    }
    case 'maintenance.changed': {
      const { windowId, phase, title, startsAt, endsAt } = event.data
      return {
        type: `maintenance.${phase}`,
        timestamp: phase === 'ended' ? endsAt : startsAt,
        listeners: await listeners.ofWindow(windowId),
        payloadFor: () => ({ maintenance: { id: windowId, title, startsAt, endsAt } }),
      }
    }
    default:
      return null
  }
}

const incident = async (
  type: string,
  timestamp: string,
  about: { monitorId: number; incidentId: number; openedAt: string; closedAt: string | null },
  listeners: WebhookListeners,
): Promise<Happening> => {
  const { monitorId, incidentId: id, openedAt, closedAt } = about
  return {
    ...{ type, timestamp },
    listeners: await listeners.ofMonitor(monitorId),
    payloadFor: ({ name }) => ({ incident: { id, openedAt, closedAt }, monitor: { id: monitorId, name } }),
  }
}

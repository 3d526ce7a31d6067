import type { Subscriber } from '#database/pages/subscribers.ts'
import { incidentEventId } from '#events/incident.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { tellInstant } from '#functions/wording/times.ts'
import { subscriberMaintenance } from './maintenance-wording.ts'
import type { NotifiableEvent } from './notifiable-event.ts'
import { pagePosted, unsubscribeButton } from './page-post-wording.ts'
import type { Texts, Wording } from './shared-wording.ts'

/** What the subscribers of a page are notified of. */
export type PageEvent = Extract<
  NotifiableEvent,
  { name: 'monitor.down' | 'monitor.up' | 'monitor.steady' | 'page.posted' | 'maintenance.changed' }
>
type OutageEvent = Exclude<PageEvent, { name: 'page.posted' | 'maintenance.changed' }>

/**
 * The message for the subscribers of a page. It says what the page says: neither the URL of a monitor nor the reason of
 * a failure.
 */
export const subscriberWording = (event: PageEvent, subscriber: Subscriber, now: Date): Wording => {
  switch (event.name) {
    case 'page.posted':
      return pagePosted(event.data, subscriber, subscriber.monitorId)
    case 'maintenance.changed':
      return subscriberMaintenance(event.data, subscriber, now)
    default:
      return outageWording(event, subscriber, now)
  }
}

const outageWording = (event: OutageEvent, subscriber: Subscriber, now: Date): Wording => {
  const { language, id, pageTitle } = subscriber
  const sentence = textsOf(event, subscriber, now)[language]
  return {
    html: String(joined([html`<b>${pageTitle}</b>`, sentence])),
    buttons: [[unsubscribeButton(subscriber)]],
    ...(event.name === 'monitor.up' && {
      silent: true,
      replyTo: MessageRequested.idFrom(
        event.data.toldBy ?? incidentEventId(event.data.incidentId, 'monitor.down'),
        String(id),
      ),
    }),
  }
}

const textsOf = (event: OutageEvent, { language, zone, names }: Subscriber, now: Date): Texts => {
  const name = names[0] ?? ''
  const said = (instant: string) => tellInstant(instant, { language, zone, now })
  const isDown = (since: string): Texts => ({
    'pt-BR': html`🔴 ${name} está fora do ar desde ${said(since)}.`,
    en: html`🔴 ${name} has been down since ${said(since)}.`,
  })
  const { data } = event
  if (event.name === 'monitor.steady')
    return event.data.downSince === null
      ? { 'pt-BR': html`🟢 ${name} está estável de novo.`, en: html`🟢 ${name} is stable again.` }
      : isDown(event.data.downSince)
  if (event.data.flapping)
    return {
      'pt-BR': html`🟠 ${name} está instável desde ${said(event.data.flapping.since)}.`,
      en: html`🟠 ${name} has been unstable since ${said(event.data.flapping.since)}.`,
    }
  if (event.name === 'monitor.down') return isDown(data.since)
  const { since, until, outages } = event.data
  const lasted = sayDuration(outages?.downMs ?? Date.parse(until) - Date.parse(since), language)
  return {
    'pt-BR': html`🟢 ${name} voltou a funcionar. Ficou fora do ar por ${lasted}.`,
    en: html`🟢 ${name} is working again. It was down for ${lasted}.`,
  }
}

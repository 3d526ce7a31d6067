import { html } from '#functions/telegram/html.ts'
import type { subscriptionsPtBR } from './subscriptions-pt-BR.ts'

/** The texts for visitors who subscribe to a status page, in English. */
export const subscriptionsEn: typeof subscriptionsPtBR = {
  subscribed: title =>
    html`🔔 Done! When a service of <b>${title}</b> goes down or comes back, or there is a notice or maintenance, you get a message here.`,
  unknown: () => html`This status page no longer exists, or its address has changed.`,
  tooMany: most => html`This chat follows ${most} pages and services already, which is the limit.`,
  unsubscribe: 'unsubscribe',
  ended: 'You no longer get messages about this page.',
  subscribedTo: (service, title) =>
    html`🔔 Done! When <b>${service}</b> (${title}) goes down or comes back, or has a notice or maintenance, you get a message here.`,
  unknownService: title => html`The page <b>${title}</b> does not show this service any more.`,
  endedForService: 'You no longer get messages about this service.',
  all: '📋 my subscriptions',
  none: () => html`You have not subscribed to a status page. Each page has a link to get its messages in Telegram.`,
  list: count =>
    html`🔔 You have subscribed to ${count === 1 ? '1 page or service' : `${count} pages or services`}. Press one to unsubscribe:`,
}

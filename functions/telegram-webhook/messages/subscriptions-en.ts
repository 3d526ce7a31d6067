import { html } from '#functions/telegram/html.ts'
import type { subscriptionsPtBR } from './subscriptions-pt-BR.ts'

/** The texts for visitors who subscribe to a status page, in English. */
export const subscriptionsEn: typeof subscriptionsPtBR = {
  subscribed: title =>
    html`🔔 Done! When a service of <b>${title}</b> goes down or comes back, you get a message here.`,
  unknown: () => html`This status page no longer exists, or its address has changed.`,
  tooMany: most => html`This chat follows ${most} pages already, which is the limit.`,
  unsubscribe: 'unsubscribe',
  ended: 'You no longer get messages about this page.',
}

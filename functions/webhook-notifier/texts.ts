import type { DisabledWebhook } from '#database/webhooks/deliveries.ts'
import { html } from '#functions/telegram/html.ts'

/** Tells a chat that its webhook is disabled. Of its URL only the host is said, because a path can be a secret. */
export const disabledText = ({ url, lastFailure }: Pick<DisabledWebhook, 'url' | 'lastFailure'>) => {
  const { host } = new URL(url)
  return {
    'pt-BR': html`🔌 Desliguei o webhook de <b>${host}</b>, porque ele não aceita mais nada (${lastFailure}). Para ligar de novo, use /webhook.`,
    en: html`🔌 I disabled the webhook of <b>${host}</b>, because it accepts nothing any more (${lastFailure}). To enable it again, use /webhook.`,
  }
}

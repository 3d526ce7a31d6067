import { encode } from '#functions/telegram/callback-data.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { postSign, sayPostStatus } from '#functions/wording/post-statuses.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Wording } from './shared-wording.ts'

/** A post of a status page, for its subscribers. The text is in the language in which it was written. */
export const pagePosted = (
  { pageId, title, status, text }: NotifiableData<'page.posted'>,
  { language }: Recipient,
): Wording => ({
  html: String(
    joined([html`<b>${title}</b>`, html`${postSign(status)} <b>${sayPostStatus(status, language)}</b>`, html`${text}`]),
  ),
  buttons: [[unsubscribeButton(pageId, language)]],
})

/** The button that ends a subscription. */
export const unsubscribeButton = (pageId: number, language: Recipient['language']) => ({
  text: { 'pt-BR': 'não receber mais', en: 'unsubscribe' }[language],
  data: encode({ act: 'unsubscribe', id: pageId }),
})

import type { Subscriber } from '#database/pages/subscribers.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { impactSign, sayImpact } from '#functions/wording/impacts.ts'
import { postSign, sayPostStatus } from '#functions/wording/post-statuses.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Wording } from './shared-wording.ts'

/** A post of a status page, for its subscribers. The text is in the language in which it was written. */
export const pagePosted = (
  { pageId, title, status, text, impacts = [] }: NotifiableData<'page.posted'>,
  { language }: Recipient,
  monitorId: number | null = null,
): Wording => ({
  html: String(
    joined([
      html`<b>${title}</b>`,
      html`${postSign(status)} <b>${sayPostStatus(status, language)}</b>`,
      html`${text}`,
      ...impacts
        .slice(0, shownImpacts)
        .map(({ name, impact }) => html`${impactSign(impact)} ${name}: ${sayImpact(impact, language)}`),
    ]),
  ),
  buttons: [[unsubscribeButton({ pageId, monitorId, language })]],
})

/** How many services a message names. */
const shownImpacts = 10

/** The button that ends the subscription which led to the message: to a page, or to one service of it. */
export const unsubscribeButton = ({
  pageId,
  monitorId,
  language,
}: Pick<Subscriber, 'pageId' | 'monitorId' | 'language'>) => ({
  text: { 'pt-BR': 'não receber mais', en: 'unsubscribe' }[language],
  data: encode({ act: 'unsubscribe', id: pageId, ...(monitorId !== null && { monitor: monitorId }) }),
})

import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts of /calendar, in English. */
export const calendarEn: BotMessages['calendar'] = {
  none: () =>
    html`🗓 I can put the episodes of your series into the calendar of your phone or computer. Would you like an address for that?`,
  make: '🗓 make the address',
  made: (all, premieres) => html`🗓 <b>Your calendar of series</b>
<code>${all}</code>

Only season premieres:
<code>${premieres}</code>

In your calendar app, choose to subscribe to (or add) a calendar by URL and paste the address. Whoever has the address sees the series of this chat, so do not publish it.`,
  content: () => html`It has the same episodes as the notices: /settings`,
  copyAll: 'copy the address',
  copyPremieres: 'copy the one with premieres',
  revoke: 'turn the address off',
  revoked: () => html`Done. The old address no longer shows anything.`,
  makeAnother: '🗓 make another address',
  urlUnknown: () =>
    html`The administrator of this Vigia has not set PAGES_URL, so I only know the path of the address.`,
}

import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts of /maintenance, in English. */
export const maintenanceEn: BotMessages['maintenance'] = {
  none: () => html`No maintenance now, and none planned.`,
  how: () => html`During maintenance I don't report outages, and the time does not count. To begin one now, choose the duration for all monitors, or send the name of a group or monitor:
<code>/maintenance 2h Shop</code>`,
  everything: 'all monitors',
  until: when => `until ${when}`,
  endNow: name => `end · ${name}`,
  ended: 'The maintenance has ended.',
  over: 'This maintenance is over already.',
  durationUnknown: asked =>
    html`I did not understand the duration in “${asked}”. Send for example <code>/maintenance 2h</code> or <code>/maintenance 30 minutes Shop</code>.`,
  durationRefused: () => html`Maintenance lasts from 1 minute to 7 days, for example <code>/maintenance 2h</code>.`,
  scopeUnknown: name =>
    html`I found no group and no monitor “${name}”. Send the name that /monitors shows, for example <code>/maintenance 2h example.org</code>.`,
}

import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts of /maintenance, in English. */
export const maintenanceEn: BotMessages['maintenance'] = {
  none: () => html`No maintenance now, and none planned.`,
  how: () => html`During maintenance I don't report outages, and the time does not count. To begin one now for all monitors, choose the duration. To plan one, use the button, or send for example:

<code>/maintenance 2h Shop</code>
<code>/maintenance tomorrow 10pm 2h</code>
<code>/maintenance every Tuesday at 3am 1h Shop</code>
<code>/maintenance 0 3 * * 2 1h</code> (cron)`,
  everything: 'all monitors',
  until: when => html`until ${when}`,
  endNow: name => `end · ${name}`,
  cancel: (when, name) => `cancel ${when} · ${name}`,
  cancelled: 'The maintenance is cancelled.',
  gone: 'This maintenance no longer exists.',
  fromFile: 'This maintenance comes from the file vigia.yaml. Please cancel it in the file.',
  button: '🛠 maintenance',
  planButton: '📅 plan maintenance',
  forWhat: () => html`Which monitors is the maintenance for?`,
  whichDay: name =>
    html`When does it begin? Choose, or send another date, for example <code>/maintenance Dec 24 10pm 2h${name && ` ${name}`}</code>`,
  whichWeekday: () => html`On which day of the week?`,
  whichHour: () => html`At what time does it begin?`,
  howLong: () => html`How long does it last?`,
  now: 'now',
  tonight: 'tonight, 10:00 PM',
  daily: '🔁 every day',
  weekly: '🔁 every week',
  everyDay: clock => `every day at ${clock}`,
  everyWeek: (weekday, clock) => `every ${weekday} at ${clock}`,
  isPast: 'That time is over already. Please choose another one.',
  tooFar: () => html`I plan maintenance up to one year ahead, for example <code>/maintenance Dec 24 10pm 2h</code>.`,
  full: most => html`This chat has planned ${most} maintenances already. Cancel one in /maintenance to make room.`,
  cronRefused: cron =>
    html`“${cron}” is not a cron of five fields. Send for example <code>/maintenance 0 3 * * 2 1h</code> (every Tuesday at 3 AM).`,
  startRefused: {
    time: asked =>
      html`I did not understand when “${asked}” begins. Send the day and the time, for example <code>/maintenance tomorrow 10pm 2h</code>.`,
    past: asked =>
      html`The start in “${asked}” is over already. Send a day and a time to come, for example <code>/maintenance tomorrow 10pm 2h</code>.`,
  },
  ended: 'The maintenance has ended.',
  over: 'This maintenance is over already.',
  durationUnknown: asked =>
    html`I did not understand the duration in “${asked}”. Send for example <code>/maintenance 2h</code> or <code>/maintenance 30 minutes Shop</code>.`,
  durationRefused: () => html`Maintenance lasts from 1 minute to 7 days, for example <code>/maintenance 2h</code>.`,
  scopeUnknown: name =>
    html`I found no group and no monitor “${name}”. Send the name that /monitors shows, for example <code>/maintenance 2h example.org</code>.`,
}

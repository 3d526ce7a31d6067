import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts of setting up a monitor by buttons, in English. */
export const wizardEn: BotMessages['wizard'] = {
  labels: {
    kind: 'Type',
    address: 'Address',
    interval: 'Interval',
    limit: 'Time limit',
    confirmations: 'Failures before an alert',
    recoveries: 'Successes before up again',
    group: 'Group',
    parent: 'Depends on',
  },
  asks: {
    kind: () => html`What shall I watch? Send the address or choose the type.

<code>example.org</code>
<code>https://example.org/health 30s</code>
<code>tcp://example.org:5432 5m</code>

It also works in one line: <code>/monitor example.org 1m timeout 30s</code>`,
    address: () => html`What is the address? For example:`,
    interval: () => html`How often shall I check it? Choose, or send for example <code>2 minutes</code>.`,
    limit: () =>
      html`How long shall I wait for the answer before it counts as a failure? Choose, or send for example <code>15s</code>.`,
    confirmations: () =>
      html`How many attempts in a row must fail before I say that it is down? Choose, or send a number from 1 to 10, for example <code>3</code>.`,
    recoveries: () =>
      html`How many attempts in a row must succeed before I say that it is up again? Choose, or send a number from 1 to 10, for example <code>2</code>.`,
    group: () => html`In which group shall it be? Choose, or send a name, for example <code>Shop</code>.`,
    parent: () =>
      html`Which other monitor does it depend on? When that one is down, I send only one message. Choose, or send the name.`,
  },
  examples: {
    http: 'https://example.org/health',
    tcp: 'example.org:5432',
  },
  kinds: {
    http: '🌐 website',
    tcp: '🔌 TCP port',
  },
  title: name => html`<b>${name}</b>`,
  line: (label, value) => html`${label}: ${value}`,
  checkBeforeSaving: () => html`Check it, then save. Nothing changes before that.`,
  replyInGroup: () => html`<i>Reply to this message.</i>`,
  none: '–',
  noGroup: 'no group',
  noParent: 'depends on none',
  back: '« back',
  cancel: 'cancel',
  create: '✅ create monitor',
  save: '✅ save',
  start: '➕ new monitor',
  edit: 'settings',
  details: 'show monitor',
  cancelled: () => html`Cancelled. Nothing has changed. To start again: /monitor`,
  changed: name => html`Done! I saved the changes to <b>${name}</b>.`,
  alreadySaved: 'These settings are saved already.',
  gone: 'These settings are no longer open. Please start again with /monitor.',
  ofAnother: 'Only the person who began these settings can go on. Start your own with /monitor.',
  fromFile: 'This monitor comes from the file vigia.yaml. Please change its settings in the file.',
  attemptsRefused: text => html`“${text}” does not work. Send a whole number from 1 to 10, for example <code>3</code>.`,
  groupRefused: most => html`The name of a group must have 1 to ${most} letters, for example <code>Shop</code>.`,
  parentRefused: text =>
    html`I found no monitor “${text}” that this one can depend on. Choose one of the buttons, or send the name that /monitors shows.`,
}

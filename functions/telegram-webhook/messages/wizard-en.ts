import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts of setting up a monitor by buttons, in English. */
export const wizardEn: BotMessages['wizard'] = {
  labels: {
    kind: 'Type',
    address: 'Address',
    interval: 'Interval',
    limit: 'Time limit',
    keyword: 'Text',
    status: 'Accepted status',
    record: 'Record',
    recipe: 'Protocol',
    slow: 'Slow from',
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
    keyword: () => html`Which text must the answer contain? Send for example <code>Welcome</code>.`,
    status: () => html`Which status codes count as up? Choose, or send for example <code>200-299,404</code>.`,
    record: () => html`Which type of record shall I look up? Choose, or send for example <code>MX</code>.`,
    recipe: () =>
      html`Which protocol shall I speak with the server? Without a protocol I only check that the port accepts connections.`,
    slow: () =>
      html`From which response time on shall I say that it is slow? Choose, or send for example <code>800 ms</code>.`,
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
    tls: 'example.org',
    dns: 'example.org',
    ping: 'example.org',
    websocket: 'wss://example.org/ws',
    grpc: 'example.org:443',
  },
  kinds: {
    http: '🌐 website',
    tcp: '🔌 TCP port',
    tls: '🔒 certificate',
    dns: '📒 DNS',
    ping: '🏓 ping',
    websocket: '↔️ WebSocket',
    grpc: '⚙️ gRPC',
  },
  title: name => html`<b>${name}</b>`,
  line: (label, value) => html`${label}: ${value}`,
  checkBeforeSaving: () => html`Check it, then save. Nothing changes before that.`,
  replyInGroup: () => html`<i>Reply to this message.</i>`,
  none: '–',
  remove: '✖ remove',
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
  settingRefused: {
    keyword: () => html`The text must have 1 to 500 letters, for example <code>Welcome</code>.`,
    status: text =>
      html`I did not understand the codes “${text}”. Send codes or ranges with commas, for example <code>200-299,404</code>.`,
    record: text =>
      html`I don't know the record “${text}”. Send a type such as <code>A</code>, <code>AAAA</code>, <code>CNAME</code>, <code>MX</code> or <code>TXT</code>.`,
    recipe: text =>
      html`I don't speak the protocol “${text}”. Choose one of the buttons, for example <code>redis</code>.`,
    slow: text =>
      html`“${text}” does not work. The time can be from 1 ms to 120 s, for example <code>800 ms</code> or <code>2 s</code>.`,
  },
  groupRefused: most => html`The name of a group must have 1 to ${most} letters, for example <code>Shop</code>.`,
  parentRefused: text =>
    html`I found no monitor “${text}” that this one can depend on. Choose one of the buttons, or send the name that /monitors shows.`,
}

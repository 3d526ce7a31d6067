import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts of setting up a monitor by buttons, in English. */
export const wizardEn: BotMessages['wizard'] = {
  labels: {
    kind: 'Type',
    address: 'Address',
    name: 'Name',
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
    reminder: 'Reminders',
    parent: 'Depends on',
    method: 'Method',
    headers: 'Headers',
    body: 'Body',
    json: 'JSON',
    auth: 'Login',
    keywordAbsent: 'Unwanted text',
    expected: 'Expected values',
    server: 'Name server',
    send: 'Send',
    protocol: 'Subprotocol',
    service: 'Service',
    family: 'IP version',
    redirects: 'Redirects',
    certificateDays: 'Expiry warning',
    security: 'TLS',
    starttls: 'STARTTLS',
    certificate: 'Certificate',
  },
  asks: {
    kind: () => html`What shall I watch? Send the address or choose the type.

<code>example.org</code>
<code>https://example.org/health 30s</code>
<code>tcp://example.org:5432 5m</code>

It also works in one line: <code>/monitor example.org 1m timeout 30s</code>`,
    address: () => html`What is the address? For example:`,
    name: () => html`Which name shall I use in alerts and lists? Send for example <code>Shop</code>.`,
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
    reminder: () => html`How often shall I remind you while it is down?`,
    method: () => html`Which HTTP method shall I use? Choose, or send for example <code>POST</code>.`,
    headers: () => html`Which headers shall I send? Send one a line, for example:

<code>X-Team: ops
Accept: application/json</code>

For passwords and tokens, use the field Login.`,
    body: () => html`Which body shall I send? Send for example <code>{"ping": true}</code>.`,
    json: () => html`What must the JSON of the answer have? Send one condition a line, with a JSONPath:

<code>$.status = ok
$.queue &lt; 10
$.version</code>

The signs are =, ≠ (or !=), &lt; and &gt;. A path alone means that it must exist.`,
    auth: () => html`Send the user name and the password like this: <code>ana:password</code>
Or a token like this: <code>bearer abc123</code>

I store the secret, delete your message if Telegram lets me, and never show the secret again.`,
    keywordAbsent: () =>
      html`Which text must the answer <b>not</b> contain? Send for example <code>Fatal error</code>.`,
    expected: () => html`Which values must the DNS answer have? Send one a line, for example:

<code>203.0.113.7</code>`,
    server: () => html`Which name server shall I ask? Send its address, for example <code>9.9.9.9</code>.`,
    send: () => html`Which text shall I send after the connection opens? Send for example <code>ping</code>.`,
    protocol: () => html`Which subprotocol must the server accept? Send for example <code>graphql-ws</code>.`,
    service: () => html`The health of which service shall I ask for? Send for example <code>shop.v1.Orders</code>.`,
    family: () => html`Shall I use only one version of IP? Choose, or send for example <code>IPv6</code>.`,
    redirects: () =>
      html`Shall I follow redirects? If not, the redirect itself is the answer. With “only if encrypted”, a redirect from https to http counts as a failure.`,
    certificateDays: () =>
      html`How many days before the certificate expires shall I warn you? Choose, or send for example <code>30</code>.`,
    security: () => html`Shall I use TLS on this connection?`,
    starttls: () => html`By which protocol do I start TLS? Without a choice it starts as soon as the connection opens.`,
    certificate:
      () => html`Which certificates shall I accept? Choose a button, or send the certificate of your own CA, as a text or a file, in the PEM format:

<code>-----BEGIN CERTIFICATE-----
…
-----END CERTIFICATE-----</code>`,
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
  reminders: { off: 'none', '30m': 'every 30 min', '2h': 'every 2 h', doubling: '30 min, 1 h, 2 h, …' },
  families: { ipv4: 'only IPv4', ipv6: 'only IPv6' },
  redirects: { yes: 'follow', secure: 'only if encrypted', no: 'do not follow' },
  security: { tls: 'TLS from the start', starttls: 'STARTTLS' },
  certificates: { usual: 'of known authorities', 'own-ca': 'of your own CA', any: 'accept any' },
  days: count => (count === 1 ? '1 day' : `${count} days`),
  passwordOf: user => `${user} (password stored)`,
  tokenStored: 'token stored',
  more: '⚙️ more options',
  moreOptions: () => html`Further options of this monitor:`,
  secretDeleted: () => html`🔒 I deleted your message, because it has a secret.`,
  secretNotDeleted: () =>
    html`⚠️ Telegram did not let me delete your message with the secret. Please delete it yourself.`,
  secretHeaderRefused: () =>
    html`That header is secret, and headers are shown in this chat. Use the field Login, for example <code>bearer abc123</code>.`,
  authRefused: () =>
    html`I did not understand that. Send the user name and the password with a colon, for example <code>ana:password</code>, or a token, for example <code>bearer abc123</code>.`,
  certificateRefused: () =>
    html`That is not a certificate in the PEM format. Send the whole text, from <code>-----BEGIN CERTIFICATE-----</code> to <code>-----END CERTIFICATE-----</code>.`,
  privateKeyRefused: () =>
    html`That has a private key, which I should not have. Send only the certificate of the CA, from <code>-----BEGIN CERTIFICATE-----</code> to <code>-----END CERTIFICATE-----</code>.`,
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
  rename: 'rename',
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
    method: text => html`I don't know the method “${text}”. Choose one of the buttons, for example <code>POST</code>.`,
    headers: text =>
      html`“${text}” does not work. Send one header a line, with its name and value, for example <code>X-Team: ops</code>. Some, such as Content-Length, I set myself.`,
    body: () => html`The body must have 1 to 16,384 letters, for example <code>{"ping": true}</code>.`,
    json: text =>
      html`I did not understand “${text}”. Send one condition a line, at most 10, with a JSONPath, for example <code>$.status = ok</code> or <code>$.queue &lt; 10</code>.`,
    keywordAbsent: () => html`The text must have 1 to 500 letters, for example <code>Fatal error</code>.`,
    expected: text =>
      html`“${text}” does not fit this type of record. Send one value a line, as <code>dig +short</code> shows it, for example <code>203.0.113.7</code>.`,
    server: text =>
      html`“${text}” is not the address of a name server. Send an IP address, for example <code>9.9.9.9</code>.`,
    send: () => html`The text must have 1 to 1,000 letters, for example <code>ping</code>.`,
    protocol: text =>
      html`“${text}” is not a subprotocol. Send a name without blanks, for example <code>graphql-ws</code>.`,
    service: text => html`“${text}” is not the name of a service. Send for example <code>shop.v1.Orders</code>.`,
    family: text => html`I did not understand “${text}”. Send <code>IPv4</code> or <code>IPv6</code>.`,
    certificateDays: text =>
      html`“${text}” does not work. Send a number from 1 to 365 days, for example <code>30</code>.`,
    slow: text =>
      html`“${text}” does not work. The time can be from 1 ms to 120 s, for example <code>800 ms</code> or <code>2 s</code>.`,
  },
  nameRefused: most => html`The name must have 1 to ${most} characters, for example <code>Shop</code>.`,
  nameTaken: name =>
    html`This chat has a monitor “${name}” already, so you couldn't tell which one an alert is about. Send another name.`,
  groupRefused: most => html`The name of a group must have 1 to ${most} letters, for example <code>Shop</code>.`,
  parentRefused: text =>
    html`I found no monitor “${text}” that this one can depend on. Choose one of the buttons, or send the name that /monitors shows.`,
}

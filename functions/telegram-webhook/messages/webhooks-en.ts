import { html } from '#functions/telegram/html.ts'
import type { webhooksPtBR } from './webhooks-pt-BR.ts'

/** The texts of /webhook, in English. */
export const webhooksEn: typeof webhooksPtBR = {
  title: () => html`<b>Webhooks</b>
A webhook tells a program of yours, with a signature, when something goes down, comes back, gets a notice or enters maintenance.`,
  none: () => html`There is no webhook yet.`,
  how: () => html`To make one, send the address in this chat, or in its group: <code>/webhook https://example.com/vigia</code>
To tell only what a page shows, add the name of the page: <code>/webhook https://example.com/vigia anas-shop</code>`,
  ofChat: 'everything of this chat',
  ofPage: title => `page ${title}`,
  works: '✅ works',
  fails: (since, reason) => `⚠️ has failed since ${since} (${reason})`,
  disabled: reason => `🔌 disabled (${reason})`,
  test: 'test',
  enable: 'enable',
  rotate: 'new secret',
  remove: '🗑',
  tested: 'Test sent. See whether it has reached your program.',
  isDisabled: 'This webhook is disabled. Enable it before you test it.',
  enabled: 'Done, the webhook is enabled.',
  deleted: 'Webhook deleted.',
  fromFile: 'This webhook comes from the file vigia.yaml. Please delete it in the file.',
  gone: 'This webhook no longer exists.',
  full: most => html`There are ${most} webhooks already, which is the limit. Delete one to make another.`,
  made: secret => html`This is the secret with which your program checks the signature. Save it now, because I will not show it again:

<code>${secret}</code>

Signatures follow Standard Webhooks. If there was another secret, it is valid for one more day. Test it with /webhook.`,
  copy: 'copy the secret',
  urlRefused: () =>
    html`This address will not do. Send one that begins with https:// and that the internet reaches, without a user name and a password, for example <code>/webhook https://example.com/vigia</code>.`,
  unknownPage: slug =>
    html`This chat has no page “${slug}”. Send the address and, if you like, the name of a page, for example <code>/webhook https://example.com/vigia anas-shop</code>.`,
  inPrivate: () => html`Here the whole group would read the secrets. Let us go to a chat of our own:`,
  madeInGroup: () => html`Webhook made. Its secret must not appear here: press “new secret” in our private chat.`,
  openPrivate: 'open the private chat',
  administratorsOnly: () => html`Only administrators of the group can see and make its webhooks.`,
}

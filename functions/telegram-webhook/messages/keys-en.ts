import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts of /apikey, in English. */
export const keysEn: BotMessages['keys'] = {
  title: () => html`<b>API keys</b>
With a key, a program can manage the monitors of this chat.`,
  titleOfGroup: () => html`<b>API keys of the group</b>
With a key, a program can manage the monitors of the group.`,
  none: () => html`There is no key yet.`,
  entry: (number, scope, created, used) =>
    html`${number}. ${scope} · made ${created} · ${used === null ? 'never used' : `used ${used} ago`}`,
  choose: () => html`What may the new key do?`,
  scopes: { read: 'only read', write: 'read and change everything', maintenance: 'only maintenance' },
  make: scope => `🔑 make: ${scope}`,
  revoke: (number, scope) => `revoke ${number} · ${scope}`,
  revoked: 'Done, this key opens nothing any more.',
  gone: 'This key was revoked before.',
  full: 'There are 20 keys already. Revoke one before you make another.',
  made: (key, scope) => html`This is the key (${scope}). Save it now, because I will not show it again:

<code>${key}</code>`,
  usage: (example, document) => html`An example:
<pre>${example}</pre>
Everything that the API can do: ${document}`,
  urlUnknown: () =>
    html`The beginning of the address is missing, because the people who run this Vigia have not set API_URL. Ask them for it.`,
  copy: 'copy the key',
  inPrivate: () => html`Here the whole group would read the key. Let's continue in a private chat:`,
  openPrivate: 'open the private chat',
  administratorsOnly: () => html`Only the administrators of the group can see and make its keys.`,
}

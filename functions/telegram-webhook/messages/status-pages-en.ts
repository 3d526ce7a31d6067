import { html } from '#functions/telegram/html.ts'
import type { statusPagesPtBR } from './status-pages-pt-BR.ts'

/** The texts of /page, in English. */
export const statusPagesEn: typeof statusPagesPtBR = {
  none: () => html`You have no status pages yet. A page shows to whoever you like how your monitors are doing.`,
  title: count => html`<b>${count === 1 ? '1 status page' : `${count} status pages`}</b>`,
  how: () => html`To create one, send its title: <code>/page Ana's shop</code>
It starts as a secret: only people who have its address can see it.`,
  create: 'create a page',
  listed: { public: '🌐 public', link: '🔒 secret' },
  access: {
    public: () => html`🌐 Public: everybody can see it.`,
    link: () => html`🔒 Secret: only people who have this address can see it.`,
  },
  makeAccess: { public: '🌐 make public', link: '🔒 make secret' },
  language: name => html`Language, if the browser asks for no other: ${name}`,
  languages: { 'pt-BR': 'Portuguese', en: 'English' },
  otherLanguage: { 'pt-BR': '🌐 English', en: '🌐 Português' },
  monitors: (count, names) => (count === 0 ? html`No monitors on the page yet.` : html`Monitors (${count}): ${names}`),
  rename: slug => html`To change the title: <code>/page ${slug} New title</code>
To change the name in the address: <code>/page ${slug} = new-name</code>`,
  urlUnknown: () => html`The people who run this Vigia have not set PAGES_URL, so I only know the path of the address.`,
  copyUrl: 'copy address',
  choose: '☑️ monitors and order',
  chooseMonitors: () => html`Press a monitor to show or hide it on the page. The arrow ⤴ moves a monitor to the top.`,
  noMonitors: () => html`This chat has no monitors yet. Start with /monitor`,
  all: '« pages',
  back: '« page',
  delete: '🗑 delete',
  askDelete: title => html`Delete the page <b>${title}</b>? Its address will stop working.`,
  deleteNow: 'delete the page',
  keep: 'keep',
  deleted: title => html`The page <b>${title}</b> is deleted. The monitors stay.`,
  gone: 'This page no longer exists.',
  fromFile: 'This page comes from vigia.yaml. Change the file.',
  tooMany: most => html`This chat has ${most} pages already, which is the limit. Delete one to create another.`,
  titleRefused: most => html`A title has 1 to ${most} letters.`,
  slugForm: asked =>
    html`“${asked}” cannot be in an address. Use 3 to 40 lower-case letters, digits and hyphens, for example <code>anas-shop</code>.`,
  slugReserved: asked =>
    html`“${asked}” is a reserved name. Choose another one, for example <code>${`shop-${asked}`}</code>.`,
  slugTaken: slug => `Another public page has the name ${slug}. Choose another one: /page ${slug} = another-name`,
}

import { html } from '#functions/telegram/html.ts'
import type { statusPagesPtBR } from './status-pages-pt-BR.ts'

/** The texts of /page, in English. */
export const statusPagesEn: typeof statusPagesPtBR = {
  none: () => html`You have no status pages yet. A page shows to whoever you like how your monitors are doing.`,
  title: count => html`<b>${count === 1 ? '1 status page' : `${count} status pages`}</b>`,
  how: () => html`To create one, send its title: <code>/page Ana's shop</code>
It starts as a secret: only people who have its address can see it.`,
  create: 'create a page',
  listed: { public: '🌐 public', link: '🔒 secret', members: '👥 members only' },
  access: {
    public: () => html`🌐 Public: everybody can see it.`,
    link: () => html`🔒 Secret: only people who have this address can see it.`,
    members: () => html`👥 Members only: who is in this chat opens the page with a link that I give on request.`,
  },
  makeAccess: { public: '🌐 make public', link: '🔒 make secret', members: '👥 members only' },
  open: '👥 open the page',
  openNow: title => `open ${title}`,
  newLink: 'new link',
  linkExpires: () =>
    html`This link is only for you and valid for 10 minutes. Once opened, the page stays available in that browser for 12 hours.`,
  notForYou: () => html`This page does not exist, or you are not in its chat.`,
  logo: { first: '🖼 logo', other: '🖼 change the logo' },
  noLogo: '🖼 remove the logo',
  askLogo:
    title => html`Now send the picture for the logo of <b>${title}</b>, as a photo or as a file. In groups, reply to this message.
PNG, JPEG and WebP of up to 1 MB and 2,000 pixels a side will do. A PNG file keeps a transparent background.`,
  logoRefused: {
    none: () =>
      html`This file is not a whole PNG, JPEG or WebP picture, so the page is as it was. Send another picture.`,
    svg: () =>
      html`SVG cannot be a logo, because it can contain programs. Send the picture as PNG, JPEG or WebP. The page is as it was.`,
    bytes: () => html`The picture has more than 1 MB. Send a smaller one. The page is as it was.`,
    pixels: () => html`The picture has more than 2,000 pixels on a side. Send a smaller one. The page is as it was.`,
    gone: () => html`This page no longer exists.`,
  },
  domain: '🔗 own domain',
  noDomain: '🔗 remove the domain',
  howDomain: slug => html`To show the page at an address of your own, send the name of the domain:
<code>/page ${slug} @ status.example.com</code>
The page must be public or for members only.`,
  dnsRecord: (domain, target) =>
    html`🔗 Own domain. Create this DNS record${
      target === null
        ? html`, with the address that the people who run this Vigia name: <code>${domain} CNAME …</code>`
        : html`: <code>${domain} CNAME ${target}</code>
At the root of a domain, use ALIAS or ANAME instead of CNAME`
    }. The people who run this Vigia also have to admit the domain, so that it gets a certificate.`,
  domainForm: asked =>
    html`“${asked}” is not a domain. Send only the name, for example <code>status.example.com</code>.`,
  domainOwn: asked => html`“${asked}” is an address of Vigia itself. Choose another domain.`,
  domainTaken: domain =>
    `Another page uses the domain ${domain} already, and a domain shows only one page. If the domain is yours, talk to the people who run this Vigia.`,
  noSecretDomain: 'A secret page cannot have a domain of its own, because domains are easy to find out.',
  language: name => html`Language, if the browser asks for no other: ${name}`,
  languages: { 'pt-BR': 'Portuguese', en: 'English' },
  otherLanguage: { 'pt-BR': '🌐 English', en: '🌐 Português' },
  monitors: (count, names) => (count === 0 ? html`No monitors on the page yet.` : html`Monitors (${count}): ${names}`),
  rename: slug => html`To change the title: <code>/page ${slug} New title</code>
To change the name in the address: <code>/page ${slug} = new-name</code>`,
  urlUnknown: () =>
    html`The beginning of the address is missing, because the people who run this Vigia have not set PAGES_URL. Ask them for it.`,
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

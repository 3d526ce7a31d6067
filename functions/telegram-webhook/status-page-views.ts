import { pageAccesses, type StatusPage } from '#database/pages/status-pages.ts'
import { isInternalHost } from '#functions/host/internal-host.ts'
import { pageAddress } from '#functions/pages/page-address.ts'
import { html, joined } from '#functions/telegram/html.ts'
import type { ChatContext } from './context.ts'
import { label, pageOf, pageRow } from './pages.ts'
import type { Button, View } from './reply.ts'

const monitorsPerPage = 7
const shownNames = 10

/** The pages of the chat. */
export const pageList = ({ messages }: ChatContext, pages: readonly StatusPage[]): View => {
  const { statusPages } = messages
  return {
    html: joined(
      [
        pages.length === 0
          ? statusPages.none()
          : joined([
              statusPages.title(pages.length),
              ...pages.map(
                ({ title, access, slug }) =>
                  html`<b>${title}</b> (<code>${slug}</code>) · ${statusPages.listed[access]}`,
              ),
            ]),
        statusPages.how(),
      ],
      '\n\n',
    ),
    buttons: [
      ...pages.map(({ id, title }): Button[] => [{ text: label(title), press: { act: 'statusPage', id } }]),
      ...(pages.length === 0 ? [[{ text: statusPages.create, press: { act: 'newStatusPage' as const } }]] : []),
    ],
  }
}

/** One page with the buttons for its changes. */
export const pageCard = async (context: ChatContext, page: StatusPage): Promise<View> => {
  const { deps, chat, messages } = context
  const { statusPages } = messages
  const { id, title, slug, access, language, components } = page
  const monitors = new Map((await deps.monitors.of(chat.id)).map(monitor => [monitor.id, monitor.name]))
  const names = components.flatMap(({ monitorId, name }) => name ?? monitors.get(monitorId) ?? [])
  const listed = names.slice(0, shownNames).join(', ') + (names.length > shownNames ? ', …' : '')
  const address = pageAddress(page, deps.pagesUrl)
  const hasLogo = await deps.pageLogos.exists(id)
  const others = pageAccesses.filter(other => other !== access)
  const otherLanguage = language === 'en' ? 'pt-BR' : 'en'
  return {
    html: joined(
      [
        joined([
          html`<b>${title}</b>`,
          html`<code>${address}</code>`,
          page.domain !== null && statusPages.dnsRecord(page.domain, dnsTarget(deps.pagesUrl)),
          deps.pagesUrl === null && statusPages.urlUnknown(),
        ]),
        joined([
          statusPages.access[access](),
          statusPages.language(statusPages.languages[language]),
          statusPages.monitors(names.length, listed),
        ]),
        page.configKey === null ? statusPages.rename(slug) : html`${statusPages.fromFile}`,
      ],
      '\n\n',
    ),
    buttons: [
      [access === 'members' ? await openButton(context, id) : { text: statusPages.copyUrl, copy: address }],
      ...(page.configKey === null
        ? ([
            [{ text: statusPages.choose, press: { act: 'pageMonitors', id, page: 0 } }],
            others.map(other => ({
              text: statusPages.makeAccess[other],
              press: { act: 'setStatusPage', id, field: 'access', value: other },
            })),
            [
              {
                text: statusPages.otherLanguage[language],
                press: { act: 'setStatusPage', id, field: 'language', value: otherLanguage },
              },
              page.domain === null
                ? { text: statusPages.domain, press: { act: 'setStatusPage', id, field: 'domain', value: 'how' } }
                : { text: statusPages.noDomain, press: { act: 'setStatusPage', id, field: 'domain', value: 'none' } },
            ],
            [
              {
                text: statusPages.logo[hasLogo ? 'other' : 'first'],
                press: { act: 'setStatusPage', id, field: 'logo', value: 'ask' },
              },
              ...(hasLogo
                ? [
                    {
                      text: statusPages.noLogo,
                      press: { act: 'setStatusPage', id, field: 'logo', value: 'none' },
                    } as const,
                  ]
                : []),
            ],
            [{ text: statusPages.delete, press: { act: 'deletePage', id } }],
          ] satisfies Button[][])
        : []),
      [{ text: statusPages.all, press: { act: 'statusPages' } }],
    ],
  }
}

/**
 * Opens a page for members. In a group the button leads to the private chat, because the link is only for the person
 * who asks for it.
 */
const openButton = async ({ chat, messages, telegram }: ChatContext, id: number): Promise<Button> => {
  const text = messages.statusPages.open
  return chat.kind === 'private'
    ? { text, press: { act: 'openPage', id } }
    : { text, url: `https://t.me/${await telegram.botName()}?start=m_${id}` }
}

/** The host that the DNS record of a domain names; null if it is not known on the internet. */
const dnsTarget = (pagesUrl: string | null): string | null => {
  if (pagesUrl === null || !URL.canParse(pagesUrl)) return null
  const { hostname } = new URL(pagesUrl)
  return isInternalHost(hostname) ? null : hostname
}

/** How a page gets a domain. */
export const domainView = ({ messages }: ChatContext, { id, slug }: StatusPage): View => ({
  html: messages.statusPages.howDomain(slug),
  buttons: [[{ text: messages.statusPages.back, press: { act: 'statusPage', id } }]],
})

/** The monitors of the chat: first those that the page shows, in its order, then the others. */
export const monitorsView = async (context: ChatContext, page: StatusPage, at: number): Promise<View> => {
  const { deps, chat, messages } = context
  const { statusPages } = messages
  const { id, title } = page
  const monitors = await deps.monitors.of(chat.id)
  const order = new Map(page.components.map(({ monitorId }, index) => [monitorId, index]))
  const position = ({ id: monitorId }: { id: number }) => order.get(monitorId) ?? monitors.length
  const listed = pageOf(
    monitors.toSorted((one, other) => position(one) - position(other)),
    at,
    monitorsPerPage,
  )
  const set = (field: string, monitorId: number) =>
    ({ act: 'setStatusPage', id, field, value: `${monitorId}-${Math.min(listed.at, 9)}` }) as const
  return {
    html: joined(
      [html`<b>${title}</b>`, monitors.length === 0 ? statusPages.noMonitors() : statusPages.chooseMonitors()],
      '\n\n',
    ),
    buttons: [
      ...listed.items.map(({ id: monitorId, name }): Button[] =>
        order.has(monitorId)
          ? [
              { text: label(`✅ ${name}`), press: set('hide', monitorId) },
              { text: '⤴', press: set('first', monitorId) },
            ]
          : [{ text: label(`▫️ ${name}`), press: set('show', monitorId) }],
      ),
      ...pageRow(listed.at, listed.pages, to => ({ act: 'pageMonitors', id, page: to })),
      [{ text: statusPages.back, press: { act: 'statusPage', id } }],
    ],
  }
}

/** Asks whether the page should really be deleted. */
export const deleteView = ({ messages }: ChatContext, { id, title }: StatusPage): View => ({
  html: messages.statusPages.askDelete(title),
  buttons: [
    [
      { text: messages.statusPages.deleteNow, press: { act: 'deletePageNow', id } },
      { text: messages.statusPages.keep, press: { act: 'statusPage', id } },
    ],
  ],
})

import { slugFault, slugOfTitle } from '#database/pages/slug.ts'
import { type PageComponent, type PageTaken, pageAccesses, type StatusPage } from '#database/pages/status-pages.ts'
import { domainIn } from '#functions/pages/domain.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { html } from '#functions/telegram/html.ts'
import type { ChatContext } from './context.ts'
import { askLogo, removeLogo } from './page-logos.ts'
import { label } from './pages.ts'
import { editReply, type Reply, sendReply, toastReply } from './reply.ts'
import { refusedChange } from './roles.ts'
import { deleteView, domainView, monitorsView, pageCard, pageList } from './status-page-views.ts'

const maxPages = 10
const maxTitle = 100

/**
 * Handles /pagina: without words lists the pages of the chat. With the name of a page shows it, with `name = new-name`,
 * `name @ domain` or `name New title` changes it, and with any other words creates a page with this title.
 */
export const statusPageCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat } = context
  const text = argument.replace(/\s+/g, ' ').trim()
  const pages = await deps.statusPages.of([chat.id])
  if (text === '') return sendReply(pageList(context, pages))
  const [first = '', ...words] = text.split(' ')
  const found = pages.find(({ slug }) => slug === first)
  if (found !== undefined && words.length === 0) return sendReply(await pageCard(context, found))
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const { statusPages } = context.messages
  if (found === undefined) return createPage(context, pages, text)
  if (found.configKey !== null) return sendReply({ html: html`${statusPages.fromFile}` })
  const [, sign, value] = /^([=@])\s*(.*)$/.exec(words.join(' ')) ?? []
  if (sign === '=') return changeSlug(context, found, value!)
  return sign === '@' ? changeDomain(context, found, value!) : changeTitle(context, found, words.join(' '))
}

/** A new page is secret and has all monitors of the chat. A repeated request finds the page that it has made. */
const createPage = async (context: ChatContext, pages: readonly StatusPage[], title: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  const { statusPages } = messages
  if ([...title].length > maxTitle) return sendReply({ html: statusPages.titleRefused(maxTitle) })
  const slug = slugOfTitle(title)
  const same = pages.find(page => page.slug === slug)
  if (same !== undefined) return sendReply(await pageCard(context, same))
  const monitors = await deps.monitors.of(chat.id)
  const added = await deps.statusPages.addWithin(maxPages, {
    chatId: chat.id,
    slug,
    title,
    language: chat.language,
    access: 'link',
    components: monitors.map(({ id }) => ({ monitorId: id, name: null, group: null })),
  })
  if (added === 'full') return sendReply({ html: statusPages.tooMany(maxPages) })
  const made = (await deps.statusPages.of([chat.id])).find(page => page.slug === slug)
  return sendReply(made === undefined ? pageList(context, pages) : await pageCard(context, made))
}

const changeTitle = async (context: ChatContext, page: StatusPage, title: string): Promise<Reply> => {
  if ([...title].length > maxTitle) return sendReply({ html: context.messages.statusPages.titleRefused(maxTitle) })
  return changed(context, page, () => ({ title }), sendReply)
}

const changeSlug = async (context: ChatContext, page: StatusPage, slug: string): Promise<Reply> => {
  const { statusPages } = context.messages
  switch (slugFault(slug)) {
    case 'form':
      return sendReply({ html: statusPages.slugForm(label(slug)) })
    case 'reserved':
      return sendReply({ html: statusPages.slugReserved(slug) })
    default:
      return changed(context, page, () => ({ slug }), sendReply)
  }
}

const changeDomain = async (context: ChatContext, page: StatusPage, text: string): Promise<Reply> => {
  const { deps, messages } = context
  const found = domainIn(text, [deps.pagesUrl, deps.apiUrl, deps.pingUrl])
  if (found === 'form') return sendReply({ html: messages.statusPages.domainForm(label(text)) })
  if (found === 'own') return sendReply({ html: messages.statusPages.domainOwn(text) })
  const refused = { refused: messages.statusPages.noSecretDomain }
  return changed(context, page, ({ access }) => (access === 'link' ? refused : found), sendReply)
}

/** Stores a change of a page, and answers with the page or with the reason why it was not stored. */
const changed = async (
  context: ChatContext,
  { id }: StatusPage,
  changesOf: (page: StatusPage) => Changes | { refused: string },
  answer: typeof sendReply,
  view: (page: StatusPage) => Promise<Parameters<typeof sendReply>[0]> = shown => pageCard(context, shown),
): Promise<Reply> => {
  const { deps, chat, messages } = context
  let wanted: Pick<StatusPage, 'slug' | 'domain'> = { slug: '', domain: null }
  const stored = await deps.statusPages.edit(chat.id, id, page => {
    // It may belong to vigia.yaml since it was read.
    const changes = page.configKey === null ? changesOf(page) : { refused: messages.statusPages.fromFile }
    wanted = { ...page, ...changes }
    return changes
  })
  if (stored === 'gone') return toastReply(messages.statusPages.gone)
  if ('id' in stored) return answer(await view(stored))
  const reason = 'refused' in stored ? stored.refused : takenText(context, stored, wanted)
  return answer === editReply ? toastReply(reason, true) : sendReply({ html: html`${reason}` })
}

type Changes = Partial<Pick<StatusPage, 'slug' | 'title' | 'language' | 'access' | 'domain' | 'components'>>

const takenText = (
  { messages }: ChatContext,
  { taken }: PageTaken,
  { slug, domain }: Pick<StatusPage, 'slug' | 'domain'>,
): string => (taken === 'slug' ? messages.statusPages.slugTaken(slug) : messages.statusPages.domainTaken(domain ?? ''))

type PagePress = Extract<
  Press,
  {
    act:
      | 'statusPages'
      | 'statusPage'
      | 'newStatusPage'
      | 'setStatusPage'
      | 'pageMonitors'
      | 'deletePage'
      | 'deletePageNow'
  }
>

/** Handles the buttons of the pages. */
export const pressStatusPage = async (context: ChatContext, press: PagePress): Promise<Reply> => {
  const { deps, chat, messages } = context
  const { statusPages } = messages
  if (press.act === 'statusPages') return editReply(pageList(context, await deps.statusPages.of([chat.id])))
  if (press.act === 'newStatusPage') return createPage(context, await deps.statusPages.of([chat.id]), 'Status')
  const page = await deps.statusPages.find(chat.id, press.id)
  if (page === null) return toastReply(statusPages.gone)
  if (press.act === 'statusPage') return editReply(await pageCard(context, page))
  if (page.configKey !== null) return toastReply(statusPages.fromFile, true)
  switch (press.act) {
    case 'pageMonitors':
      return editReply(await monitorsView(context, page, press.page))
    case 'deletePage':
      return editReply(deleteView(context, page))
    case 'deletePageNow':
      await deps.statusPages.remove(chat.id, page.id)
      return editReply({ html: statusPages.deleted(page.title) })
    case 'setStatusPage':
      return setPage(context, page, press.field, press.value)
    default:
      return press satisfies never
  }
}

const setPage = async (context: ChatContext, page: StatusPage, field: string, value: string): Promise<Reply> => {
  const oldButton = toastReply(context.messages.oldButton)
  if (field === 'access') {
    const access = pageAccesses.find(one => one === value)
    if (access === undefined) return oldButton
    const refused = { refused: context.messages.statusPages.noSecretDomain }
    return changed(
      context,
      page,
      ({ domain }) => (access === 'link' && domain !== null ? refused : { access }),
      editReply,
    )
  }
  if (field === 'logo') return value === 'none' ? removeLogo(context, page) : askLogo(context, page)
  if (field === 'domain')
    return value === 'none'
      ? changed(context, page, () => ({ domain: null }), editReply)
      : editReply(domainView(context, page))
  if (field === 'language' && (value === 'pt-BR' || value === 'en'))
    return changed(context, page, () => ({ language: value }), editReply)
  const [, id, at] = /^(\d{1,13})-(\d)$/.exec(value) ?? []
  if (id === undefined || !isComponentChange(field)) return oldButton
  return changed(
    context,
    page,
    ({ components }) => ({ components: withComponent(components, field, Number(id)) }),
    editReply,
    shown => monitorsView(context, shown, Number(at)),
  )
}

const componentChanges = ['show', 'hide', 'first'] as const
type ComponentChange = (typeof componentChanges)[number]
const isComponentChange = (field: string): field is ComponentChange =>
  (componentChanges as readonly string[]).includes(field)

/** The components after a button: each button leads to the same components if it is pressed twice. */
const withComponent = (
  components: readonly PageComponent[],
  change: ComponentChange,
  monitorId: number,
): PageComponent[] => {
  const others = components.filter(component => component.monitorId !== monitorId)
  const own = components.find(component => component.monitorId === monitorId) ?? { monitorId, name: null, group: null }
  switch (change) {
    case 'show':
      return others.length < components.length ? [...components] : [...components, own]
    case 'hide':
      return others
    case 'first':
      return [own, ...others]
    default:
      return change satisfies never
  }
}

import { type Impacts, impactLevels } from '#database/pages/impacts.ts'
import type { PostDraft } from '#database/pages/post-drafts.ts'
import { type PostStatus, postStatuses } from '#database/pages/posts.ts'
import type { StatusPage } from '#database/pages/status-pages.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { impactSign, sayImpact } from '#functions/wording/impacts.ts'
import { postSign, postTemplate, sayPostStatus } from '#functions/wording/post-statuses.ts'
import type { ChatContext } from './context.ts'
import { label, pageOf, pageRow } from './pages.ts'
import type { Button, View } from './reply.ts'

const servicesPerPage = 7

/** The button that changes a field of a draft, or of a post that was published. */
export type SetButton = (field: string, value: string) => Extract<Press, { act: 'setPost' | 'setPosted' }>

/** What has impacts that a person can change. */
interface Impacted {
  impacts: Impacts
  set: SetButton
}

export const setIn =
  ({ id }: PostDraft): SetButton =>
  (field, value) => ({ act: 'setPost', id, field, value })

/** The question whether a text should be published, with everything that can be chosen. */
export const draftView = async (
  context: ChatContext,
  draft: PostDraft,
  pages: readonly StatusPage[],
): Promise<View> => {
  const { chat, messages } = context
  const words = messages.posts.draft
  const { status, text, isTemplate, impacts } = draft
  const set = setIn(draft)
  const templates = new Set(pages.map(({ language }) => postTemplate(status, language)))
  const services = await servicesOf(context, pages)
  const affected = services
    .filter(({ id }) => impacts[id] !== undefined)
    .map(({ id, name }) => html`${name}: ${impactSign(impacts[id]!)} ${sayImpact(impacts[id]!, chat.language)}`)
  const statusButton = (each: PostStatus): Button => ({
    text: `${each === status ? '✓ ' : ''}${postSign(each)} ${sayPostStatus(each, chat.language)}`,
    press: set('status', each),
  })
  return {
    html: joined(
      [
        words.ask(pages.map(({ title }) => title).join(', '), pages.length),
        joined([
          html`${postSign(status)} <b>${sayPostStatus(status, chat.language)}</b>`,
          ...(isTemplate ? [...templates].map(each => html`${each}`) : [html`${text}`]),
        ]),
        status !== 'resolved' && joined(affected.length === 0 ? [words.noImpact()] : affected),
      ],
      '\n\n',
    ),
    buttons: [
      postStatuses.slice(0, 2).map(statusButton),
      postStatuses.slice(2).map(statusButton),
      [
        isTemplate
          ? { text: words.ownText, press: set('text', 'own') }
          : { text: words.template, press: set('text', 'template') },
      ],
      ...(status === 'resolved' ? [] : [[{ text: words.impact, press: set('services', '0') }]]),
      [
        { text: words.publish, press: set('publish', 'now') },
        { text: words.discard, press: set('discard', 'now') },
      ],
    ],
  }
}

/** The services of the pages, to choose one and then how much it is affected. */
export const servicesView = async (
  context: ChatContext,
  { impacts, set }: Impacted,
  pages: readonly StatusPage[],
  at: number,
): Promise<View> => {
  const words = context.messages.posts.draft
  const listed = pageOf(await servicesOf(context, pages), at, servicesPerPage)
  return {
    html: words.chooseService(),
    buttons: [
      ...listed.items.map(({ id, name }): Button[] => [
        { text: label(`${impactSign(impacts[id] ?? 'none')} ${name}`), press: set('service', String(id)) },
      ]),
      ...pageRow(listed.at, listed.pages, to => set('services', String(to))),
      [{ text: words.back, press: set('review', 'now') }],
    ],
  }
}

/** The impacts that a service can have. */
export const impactChoice = async (
  context: ChatContext,
  impacted: Impacted,
  pages: readonly StatusPage[],
  monitorId: number,
): Promise<View> => {
  const words = context.messages.posts.draft
  const { set } = impacted
  const service = (await servicesOf(context, pages)).find(({ id }) => id === monitorId)
  if (service === undefined) return servicesView(context, impacted, pages, 0)
  return {
    html: words.chooseImpact(service.name),
    buttons: [
      ...impactLevels.map((impact): Button[] => [
        {
          text: `${impactSign(impact)} ${sayImpact(impact, context.chat.language)}`,
          press: set('impact', `${monitorId}-${impact}`),
        },
      ]),
      [{ text: words.back, press: set('services', '0') }],
    ],
  }
}

/** The monitors that the pages show, as the chat calls them, in the order of the pages. */
const servicesOf = async ({ deps, chat }: ChatContext, pages: readonly StatusPage[]) => {
  const names = new Map((await deps.monitors.of(chat.id)).map(({ id, name }) => [id, name]))
  const ids = new Set(pages.flatMap(({ components }) => components.map(({ monitorId }) => monitorId)))
  return [...ids].flatMap(id => {
    const name = names.get(id)
    return name === undefined ? [] : [{ id, name }]
  })
}

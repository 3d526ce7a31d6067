import { isImpact, type ServiceImpact } from '#database/pages/impacts.ts'
import type { PostDraft, PostDrafts } from '#database/pages/post-drafts.ts'
import { postStatuses } from '#database/pages/posts.ts'
import type { StatusPage } from '#database/pages/status-pages.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { postTemplate } from '#functions/wording/post-statuses.ts'
import type { ChatContext } from './context.ts'
import { maxPostLetters, published } from './page-posts.ts'
import { draftView, impactChoice, servicesView, setIn } from './post-draft-views.ts'
import { editReply, type Reply, sendReply, toastReply } from './reply.ts'

/**
 * Handles a text that replies to the bot's message about an outage: asks whether the text should become a post on the
 * pages that show the monitor. Null if the message is about no outage, if no page shows the monitor, or if the person
 * may not change settings; then the text has its usual meaning.
 */
export const draftPost = async (
  context: ChatContext,
  { text, repliedTo }: { text: string; repliedTo?: number },
): Promise<Reply | null> => {
  const { deps, chat, messages, cause } = context
  if (repliedTo === undefined || text === '') return null
  const outage = await deps.postDrafts.outageOfMessage(chat.id, repliedTo)
  if (outage === null) return null
  const pages = await pagesWith(context, outage.monitorId)
  if (pages.length === 0 || !(await context.mayChange())) return null
  if ([...text].length > maxPostLetters) return sendReply({ html: messages.posts.tooLong(maxPostLetters) })
  const [before] = await deps.pagePosts.newestAbout(chat.id, outage.incidentId)
  const { incidentId, monitorId, isOver } = outage
  const draft = await deps.postDrafts.add(
    chat.id,
    {
      ...{ incidentId, text },
      status: isOver
        ? 'resolved'
        : before === undefined || before.status === 'resolved'
          ? 'investigating'
          : before.status,
      impacts: isOver ? {} : (before?.impacts ?? { [monitorId]: 'down' }),
    },
    cause.id,
    deps.clock(),
  )
  return draft === null ? null : sendReply(await draftView(context, draft, pages))
}

const pagesWith = async ({ deps, chat }: ChatContext, monitorId: number): Promise<StatusPage[]> =>
  (await deps.statusPages.of([chat.id])).filter(({ components }) =>
    components.some(component => component.monitorId === monitorId),
  )

/** Handles the buttons of a draft. Only a draft that is not decided yet can be changed, published or discarded. */
export const pressPostDraft = async (
  context: ChatContext,
  { id, field, value }: Extract<Press, { act: 'setPost' }>,
): Promise<Reply> => {
  const { deps, chat, messages, cause } = context
  const draft = await deps.postDrafts.find(chat.id, id)
  const pages = draft === null ? [] : await pagesWith(context, draft.monitorId)
  if (draft === null || pages.length === 0) return toastReply(messages.posts.draft.gone)
  const { decided, discarded } = messages.posts.draft
  if (draft.outcome !== null && draft.decidedBy !== cause.id) return toastReply(decided[draft.outcome])
  switch (field) {
    case 'publish': {
      // It may have changed since it was read.
      const final = await deps.postDrafts.decide(chat.id, id, 'published', cause.id)
      return final === null ? toastReply(decided.discarded) : publish(context, final, pages)
    }
    case 'discard': {
      const final = await deps.postDrafts.decide(chat.id, id, 'discarded', cause.id)
      return final === null ? toastReply(decided.published) : editReply({ html: discarded() })
    }
    case 'services':
      return editReply(await servicesView(context, { ...draft, set: setIn(draft) }, pages, Number(value) || 0))
    case 'service':
      return editReply(await impactChoice(context, { ...draft, set: setIn(draft) }, pages, Number(value)))
    case 'review':
      return editReply(await draftView(context, draft, pages))
    default: {
      const change = changeOf(pages, field, value)
      if (change === null) return toastReply(messages.oldButton)
      const changed = await deps.postDrafts.change(chat.id, id, change)
      if (changed !== null) return editReply(await draftView(context, changed, pages))
      const final = await deps.postDrafts.find(chat.id, id)
      return toastReply(final?.outcome ? decided[final.outcome] : messages.posts.draft.gone)
    }
  }
}

/** What a button changes; null for a value that no button has. */
const changeOf = (
  pages: readonly StatusPage[],
  field: string,
  value: string,
): Parameters<PostDrafts['change']>[2] | null => {
  if (field === 'text') return { isTemplate: value === 'template' }
  if (field === 'status') {
    const status = postStatuses.find(each => each === value)
    return status === undefined ? null : { status }
  }
  const impact = field === 'impact' ? serviceImpactIn(value, pages) : null
  return impact === null ? null : { impact }
}

/** What a button `<monitor>-<impact>` says; null if no page shows the monitor, or for another value. */
export const serviceImpactIn = (value: string, pages: readonly StatusPage[]): ServiceImpact | null => {
  const [, id, impact = ''] = /^(\d{1,15})-([a-z]+)$/.exec(value) ?? []
  const monitorId = Number(id)
  const isShown = pages.some(({ components }) => components.some(component => component.monitorId === monitorId))
  return isShown && isImpact(impact) ? { monitorId, impact } : null
}

/** Makes one post on each page. A repeated update finds the posts that it has made. */
const publish = async (context: ChatContext, draft: PostDraft, pages: readonly StatusPage[]): Promise<Reply> => {
  const { deps } = context
  const { incidentId, status, text, isTemplate, impacts } = draft
  const posts = []
  for (const page of pages) {
    const shown = Object.entries(impacts).filter(([id]) =>
      page.components.some(({ monitorId }) => String(monitorId) === id),
    )
    const post = await deps.pagePosts.addToOutage(
      {
        ...{ pageId: page.id, incidentId, status, impacts: Object.fromEntries(shown), at: deps.clock() },
        text: isTemplate ? postTemplate(status, page.language) : text,
      },
      `draft/${draft.id}/${page.id}`,
    )
    posts.push({ page, post })
  }
  return published(context, posts, editReply)
}

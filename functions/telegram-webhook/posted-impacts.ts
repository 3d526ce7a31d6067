import type { Press } from '#functions/telegram/callback-data.ts'
import type { ChatContext } from './context.ts'
import { postView } from './page-posts.ts'
import { impactChoice, type SetButton, servicesView } from './post-draft-views.ts'
import { serviceImpactIn } from './post-drafts.ts'
import { editReply, type Reply, toastReply } from './reply.ts'

/** For how long people complete a post. Later they tell what changed by another post. */
const changeableMs = 3_600_000

/**
 * Handles the buttons that say how much services are affected by what a post has told. They change the newest post of
 * its matter while it is new; its text and what subscribers got stay.
 */
export const pressPosted = async (
  context: ChatContext,
  { id, field, value }: Extract<Press, { act: 'setPosted' }>,
): Promise<Reply> => {
  const { deps, chat, messages } = context
  const post = await deps.pagePosts.newestOf(chat.id, id)
  const page = post === null ? null : await deps.statusPages.find(chat.id, post.pageId)
  if (post === null || page === null) return toastReply(messages.posts.gone)
  const changeableAfter = new Date(deps.clock().getTime() - changeableMs)
  const tooOld = toastReply(messages.posts.tooOld, true)
  if (post.status === 'resolved' || post.at <= changeableAfter) return tooOld
  const set: SetButton = (name, to) => ({ act: 'setPosted', id, field: name, value: to })
  const { impacts } = post
  switch (field) {
    case 'services':
      return editReply(await servicesView(context, { impacts, set }, [page], Number(value) || 0))
    case 'service':
      return editReply(await impactChoice(context, { impacts, set }, [page], Number(value)))
    case 'review':
      return editReply(postView(context, [{ page, post }]))
    case 'impact': {
      const wanted = serviceImpactIn(value, [page])
      if (wanted === null) return toastReply(messages.oldButton)
      const changed = await deps.pagePosts.setImpact(post, wanted, changeableAfter)
      if (changed === null) return tooOld
      return editReply(await servicesView(context, { impacts: changed.impacts, set }, [page], 0))
    }
    default:
      return toastReply(messages.oldButton)
  }
}

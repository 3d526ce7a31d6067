import type { Press } from '#functions/telegram/callback-data.ts'
import type { ChatContext } from './context.ts'
import { postView } from './page-posts.ts'
import { impactChoice, type SetButton, servicesView } from './post-draft-views.ts'
import { changedImpacts } from './post-drafts.ts'
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
  if (post.status === 'resolved' || deps.clock().getTime() - post.at.getTime() > changeableMs)
    return toastReply(messages.posts.tooOld, true)
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
      const changed = changedImpacts(impacts, [page], value)
      if (changed === null) return toastReply(messages.oldButton)
      await deps.pagePosts.setImpacts(post.id, changed)
      return editReply(await servicesView(context, { impacts: changed, set }, [page], 0))
    }
    default:
      return toastReply(messages.oldButton)
  }
}

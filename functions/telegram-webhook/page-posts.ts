import { type PagePost, type PostStatus, postStatuses } from '#database/pages/posts.ts'
import type { StatusPage } from '#database/pages/status-pages.ts'
import { pageSubject } from '#database/pages/subscribers.ts'
import { PagePosted } from '#events/page-posted.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { postSign, postTemplate, sayPostStatus } from '#functions/wording/post-statuses.ts'
import type { ChatContext } from './context.ts'
import { type Button, editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { refusedChange } from './roles.ts'

const maxText = 1000

/**
 * Handles /aviso: `name text` puts a text onto the page with this name; a chat with one page may leave the name out.
 * The text continues the open matter of the page, or begins one.
 */
export const postCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const pages = await deps.statusPages.of([chat.id])
  if (pages.length === 0) return sendReply({ html: messages.posts.noPages() })
  const [first = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(argument.trim())?.slice(1) ?? []
  const named = pages.find(({ slug }) => slug === first)
  const page = named ?? (pages.length === 1 ? pages[0] : undefined)
  const text = (named === undefined ? argument : rest).trim()
  if (page === undefined || text === '')
    return sendReply({ html: messages.posts.how(pages[0]!.slug, pages.map(({ slug }) => slug).join(', ')) })
  if ([...text].length > maxText) return sendReply({ html: messages.posts.tooLong(maxText) })
  const open = (await deps.pagePosts.madeBy(context.cause.id)) ?? (await deps.pagePosts.openOn(page.id))
  const status = open?.status ?? 'investigating'
  const post = await deps.pagePosts.add(
    { pageId: page.id, threadId: open?.threadId ?? null, status, text, at: deps.clock() },
    context.cause.id,
  )
  return posted(context, page, post, sendReply)
}

/** Handles the buttons below a post: the next status, with the text of a template in the language of the page. */
export const pressPost = async (context: ChatContext, threadId: number, status: PostStatus): Promise<Reply> => {
  const { deps, chat, messages } = context
  const newest = await deps.pagePosts.newestOf(chat.id, threadId)
  const page = newest === null ? null : await deps.statusPages.find(chat.id, newest.pageId)
  if (newest === null || page === null) return toastReply(messages.posts.gone)
  const text = postTemplate(status, page.language)
  const post = await deps.pagePosts.advance(
    { pageId: page.id, threadId: newest.threadId, status, text, at: deps.clock() },
    context.cause.id,
  )
  return post === null ? toastReply(messages.posts.sameStatus) : posted(context, page, post, editReply)
}

/** Tells the subscribers of a post, and shows it with buttons for what comes next. */
const posted = (context: ChatContext, page: StatusPage, post: PagePost, answer: (view: View) => Reply): Reply => {
  const event = PagePosted.from(context.cause, {
    subject: pageSubject(page.id),
    data: {
      ...{ postId: post.id, pageId: page.id, title: page.title },
      ...{ status: post.status, text: post.text, at: post.at.toISOString() },
    },
  })
  return { ...answer(postView(context, page, post)), events: [event] }
}

const postView = ({ chat, messages }: ChatContext, page: StatusPage, post: PagePost): View => ({
  html: joined(
    [
      html`<b>${page.title}</b> · ${postSign(post.status)} ${sayPostStatus(post.status, chat.language)}`,
      html`${post.text}`,
      post.status === 'resolved' ? messages.posts.closed() : messages.posts.next(page.slug),
    ],
    '\n\n',
  ),
  buttons:
    post.status === 'resolved'
      ? []
      : postStatuses
          .filter(status => status !== post.status)
          .map((status): Button[] => [
            {
              text: `${postSign(status)} ${sayPostStatus(status, chat.language)}`,
              press: { act: 'post', id: post.threadId, status },
            },
          ]),
})

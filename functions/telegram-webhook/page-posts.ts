import { type PagePost, type PostStatus, postStatuses } from '#database/pages/posts.ts'
import type { StatusPage } from '#database/pages/status-pages.ts'
import { pageSubject } from '#database/pages/subscribers.ts'
import { PagePosted } from '#events/page-posted.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { postSign, postTemplate, sayPostStatus } from '#functions/wording/post-statuses.ts'
import type { ChatContext } from './context.ts'
import { type Button, editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { refusedChange } from './roles.ts'

/** The letters that a post may have. */
export const maxPostLetters = 1000

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
  if ([...text].length > maxPostLetters) return sendReply({ html: messages.posts.tooLong(maxPostLetters) })
  const post = await deps.pagePosts.addToOpen(page.id, { text, at: deps.clock() }, context.cause.id)
  return published(context, [{ page, post }], sendReply)
}

/**
 * Handles the buttons below a post: the next status, with the text of a template in the language of the page. A matter
 * that is an outage goes on on all pages that have posts about it.
 */
export const pressPost = async (context: ChatContext, threadId: number, status: PostStatus): Promise<Reply> => {
  const { deps, chat, messages, cause } = context
  const newest = await deps.pagePosts.newestOf(chat.id, threadId)
  if (newest === null) return toastReply(messages.posts.gone)
  const { incidentId } = newest
  const posts: Published[] = []
  for (const before of incidentId === null ? [newest] : await deps.pagePosts.newestAbout(chat.id, incidentId)) {
    const page = await deps.statusPages.find(chat.id, before.pageId)
    if (page === null) continue
    const post = await deps.pagePosts.advance(
      { ...before, status, text: postTemplate(status, page.language), at: deps.clock() },
      `${cause.id}/${page.id}`,
    )
    if (post !== null) posts.push({ page, post })
  }
  return posts.length === 0 ? toastReply(messages.posts.sameStatus) : published(context, posts, editReply)
}

/** A post with its page. */
interface Published {
  page: StatusPage
  post: PagePost
}

/** Tells the subscribers of posts with the same content, and shows them with buttons for what comes next. */
export const published = async (
  context: ChatContext,
  posts: readonly Published[],
  answer: (view: View) => Reply,
): Promise<Reply> => {
  const { deps, chat, cause } = context
  const names = new Map((await deps.monitors.of(chat.id)).map(({ id, name }) => [id, name]))
  const events = []
  for (const { page, post } of posts) {
    const concerned = await deps.pagePosts.concernedBy(post.threadId)
    const nameOf = (id: number) =>
      page.components.find(({ monitorId }) => monitorId === id)?.name ?? names.get(id) ?? ''
    events.push(
      PagePosted.from(cause, {
        key: String(page.id),
        subject: pageSubject(page.id),
        data: {
          ...{ postId: post.id, pageId: page.id, title: page.title },
          ...{ status: post.status, text: post.text, at: post.at.toISOString() },
          ...(concerned.length > 0 && { monitors: concerned }),
          impacts: Object.entries(post.impacts).map(([id, impact]) => ({ name: nameOf(Number(id)), impact })),
        },
      }),
    )
  }
  return { ...answer(postView(context, posts)), events }
}

/** A post in the chat, with what it says of services and with buttons for what comes next. */
export const postView = ({ chat, messages }: ChatContext, posts: readonly Published[]): View => {
  const { post, page } = posts[0]!
  return {
    html: joined(
      [
        html`<b>${posts.map(each => each.page.title).join(', ')}</b> · ${postSign(post.status)} ${sayPostStatus(post.status, chat.language)}`,
        html`${post.text}`,
        post.status === 'resolved' ? messages.posts.closed() : messages.posts.next(page.slug),
      ],
      '\n\n',
    ),
    buttons:
      post.status === 'resolved'
        ? []
        : [
            ...postStatuses
              .filter(status => status !== post.status)
              .map((status): Button[] => [
                {
                  text: `${postSign(status)} ${sayPostStatus(status, chat.language)}`,
                  press: { act: 'post', id: post.threadId, status },
                },
              ]),
            // The impact of an outage was chosen before its post was published.
            ...(post.incidentId === null
              ? [
                  [
                    {
                      text: messages.posts.draft.impact,
                      press: { act: 'setPosted', id: post.threadId, field: 'services', value: '0' },
                    } satisfies Button,
                  ],
                ]
              : []),
          ],
  }
}

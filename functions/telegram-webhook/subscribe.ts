import { type PublicAddress, pageSubject } from '#database/pages/subscribers.ts'
import type { ChatContext } from './context.ts'
import { type Reply, sendReply, toastReply } from './reply.ts'
import { refusedChange } from './roles.ts'

/** Pages that one chat may subscribe to. */
const maxSubscriptions = 100

/**
 * The page in the argument of /start, which a link on the page sends: `p_<slug>`, or `q_<secret>` of a secret page.
 * Null for any other argument.
 */
export const pageOfLink = (argument: string): PublicAddress | null => {
  const [, kind, name] = /^([pq])_([A-Za-z0-9_-]{3,64})$/.exec(argument) ?? []
  if (name === undefined) return null
  return kind === 'p' ? { slug: name } : { secret: name }
}

/** Subscribes the chat to a page. A second press of the same link changes nothing. */
export const subscribe = async (context: ChatContext, address: PublicAddress): Promise<Reply> => {
  const { deps, chat, messages, origin } = context
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const page = await deps.subscribers.pageAt(address)
  if (page === null) return sendReply({ html: messages.subscriptions.unknown() })
  const others = await deps.follows.of(chat.id, 'page/')
  const subject = pageSubject(page.id)
  if (others.length >= maxSubscriptions && !others.some(other => other.subject === subject))
    return sendReply({ html: messages.subscriptions.tooMany(maxSubscriptions) })
  await deps.follows.follow(chat.id, subject, deps.clock(), page.title, origin.threadId ?? null)
  return sendReply({
    html: messages.subscriptions.subscribed(page.title),
    buttons: [[{ text: messages.subscriptions.unsubscribe, press: { act: 'unsubscribe', id: page.id } }]],
  })
}

/** Ends a subscription. A second press says the same. */
export const unsubscribe = async ({ deps, chat, messages }: ChatContext, pageId: number): Promise<Reply> => {
  await deps.follows.unfollow(chat.id, pageSubject(pageId))
  const { effects } = toastReply(messages.subscriptions.ended)
  return { effects: [...effects, { do: 'buttons', buttons: [] }] }
}

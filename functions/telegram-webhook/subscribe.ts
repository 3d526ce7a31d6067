import { type PublicAddress, pageSubject, type Subscription } from '#database/pages/subscribers.ts'
import type { ChatContext } from './context.ts'
import { label, pageOf, pageRow } from './pages.ts'
import { type Button, editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { refusedChange } from './roles.ts'

/** Pages and services that one chat may subscribe to. */
const maxSubscriptions = 100
const subscriptionsPerPage = 8

/** What a visitor wants to subscribe to: a page, or one service of it. */
interface SubscribeLink {
  address: PublicAddress
  monitorId: number | null
}

/**
 * The argument of /start that a link on the page sends: `p_<slug>` or `p_<slug>_<monitor>` of a public page,
 * `q_<secret>` or `c_<monitor>_<secret>` of a secret page. A slug has no `_`. A secret may have one, but it is the last
 * part. Null for any other argument.
 */
export const linkOf = (argument: string): SubscribeLink | null => {
  const [, slug, component] = /^p_([a-z0-9-]{3,40})(?:_([1-9]\d{0,14}))?$/.exec(argument) ?? []
  if (slug !== undefined) return { address: { slug }, monitorId: component === undefined ? null : Number(component) }
  const [, monitor, secret] = /^(?:q|c_([1-9]\d{0,14}))_([A-Za-z0-9_-]{22,62})$/.exec(argument) ?? []
  return secret === undefined
    ? null
    : { address: { secret }, monitorId: monitor === undefined ? null : Number(monitor) }
}

/** Subscribes the chat to a page or to one service of it. A second press of the same link changes nothing. */
export const subscribe = async (context: ChatContext, { address, monitorId }: SubscribeLink): Promise<Reply> => {
  const { deps, chat, messages, origin } = context
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const page = await deps.subscribers.pageAt(address)
  if (page === null) return sendReply({ html: messages.subscriptions.unknown() })
  const service = monitorId === null ? null : await deps.subscribers.componentName(page.id, monitorId)
  if (monitorId !== null && service === null)
    return sendReply({ html: messages.subscriptions.unknownService(page.title) })
  const isSubscribed = await deps.subscribers.subscribe(
    chat.id,
    { ...page, monitorId },
    { most: maxSubscriptions, at: deps.clock(), threadId: origin.threadId ?? null },
  )
  if (!isSubscribed) return sendReply({ html: messages.subscriptions.tooMany(maxSubscriptions) })
  return sendReply({
    html:
      service === null
        ? messages.subscriptions.subscribed(page.title)
        : messages.subscriptions.subscribedTo(service, page.title),
    buttons: [
      [
        {
          text: messages.subscriptions.unsubscribe,
          press: { act: 'unsubscribe', id: page.id, ...(monitorId !== null && { monitor: monitorId }) },
        },
      ],
      [{ text: messages.subscriptions.all, press: { act: 'subscriptions', page: 0 } }],
    ],
  })
}

/**
 * Ends the subscription to a service; without a service, everything that the chat has of the page. A second press says
 * the same.
 */
export const unsubscribe = async (
  { deps, chat, messages }: ChatContext,
  pageId: number,
  monitorId: number | null,
): Promise<Reply> => {
  await deps.subscribers.end(chat.id, pageId, monitorId)
  const { effects } = toastReply(
    monitorId === null ? messages.subscriptions.ended : messages.subscriptions.endedForService,
  )
  return { effects: [...effects, { do: 'buttons', buttons: [] }] }
}

/** Handles /inscricoes: the pages and services that the chat has subscribed to; a press on one ends it. */
export const subscriptionList = async ({ deps, chat, messages }: ChatContext, at: number): Promise<View> => {
  const all = await deps.subscribers.of(chat.id)
  const { items, at: page, pages } = pageOf(all, at, subscriptionsPerPage)
  const nameOf = ({ pageTitle, componentName }: Subscription) =>
    componentName === null ? pageTitle : `${componentName} · ${pageTitle}`
  return {
    html: all.length === 0 ? messages.subscriptions.none() : messages.subscriptions.list(all.length),
    buttons: [
      ...items.map((item): Button[] => [
        {
          text: label(`🔕 ${nameOf(item)}`),
          press: { act: 'endSubscription', id: item.pageId, monitor: item.monitorId ?? 0 },
        },
      ]),
      ...pageRow(page, pages, to => ({ act: 'subscriptions', page: to })),
    ],
  }
}

/** Ends a subscription of the list, and shows the others. */
export const endSubscription = async (context: ChatContext, id: number, monitorId: number | null): Promise<Reply> => {
  const { deps, chat, messages } = context
  await deps.follows.unfollow(chat.id, pageSubject(id, monitorId))
  const toast = toastReply(monitorId === null ? messages.subscriptions.ended : messages.subscriptions.endedForService)
  return { effects: [...toast.effects, ...editReply(await subscriptionList(context, 0)).effects] }
}

import { maxWebhooksPerChat, type Webhook } from '#database/webhooks/webhooks.ts'
import { WebhookRequested } from '#events/webhook-requested.ts'
import { webhookUrl } from '#functions/dial/webhook-url.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { knownZone } from '#functions/wording/dates.ts'
import { tellInstant } from '#functions/wording/times.ts'
import { mayManage } from './api-keys.ts'
import type { ChatContext } from './context.ts'
import { label } from './pages.ts'
import { type Button, editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { refusedChange } from './roles.ts'

/**
 * Handles /webhook: with a URL makes a webhook of the chat, or of the page whose name follows the URL. Without words
 * lists the webhooks. In a group, where every member would read a secret, the list is in the private chat of the
 * administrator.
 */
export const webhookCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages, telegram } = context
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const [url = '', slug, ...rest] = argument.trim().split(/\s+/)
  const isPrivate = chat.kind === 'private'
  const toPrivate = async (text: Html): Promise<Reply> => {
    const link = `https://t.me/${await telegram.botName()}?start=w_${chat.id}`
    return sendReply({ html: text, buttons: [[{ text: messages.webhooks.openPrivate, url: link }]] })
  }
  if (url === '')
    return isPrivate ? sendReply(await webhooksView(context, chat.id)) : toPrivate(messages.webhooks.inPrivate())
  const page = slug === undefined ? null : (await deps.statusPages.of([chat.id])).find(one => one.slug === slug)
  if (page === undefined || rest.length > 0)
    return sendReply({ html: messages.webhooks.unknownPage(label(slug ?? '')) })
  const target = await webhookUrl(url, deps.mayDial)
  if (target === null) return sendReply({ html: messages.webhooks.urlRefused() })
  const made = await deps.webhooks.create(
    { chatId: chat.id, pageId: page?.id ?? null, url: target, cause: context.cause.id },
    deps.clock(),
  )
  if (made === null) return sendReply({ html: messages.webhooks.full(maxWebhooksPerChat) })
  return isPrivate ? sendReply(secretView(context, made.secret)) : toPrivate(messages.webhooks.madeInGroup())
}

/** Handles `/start w_<id>`: the webhooks of a group, for its administrators. */
export const webhooksByLink = async (context: ChatContext, chatId: number): Promise<Reply> =>
  (await mayManage(context, chatId))
    ? sendReply(await webhooksView(context, chatId))
    : sendReply({ html: context.messages.webhooks.administratorsOnly() })

/** Handles the buttons of a webhook. A press can be forged, so the person's role is asked for again. */
export const pressWebhook = async (context: ChatContext, press: Extract<Press, { act: 'webhook' }>): Promise<Reply> => {
  const { deps, messages } = context
  const { chat: chatId, id, change } = press
  if (!(await mayManage(context, chatId))) return toastReply(messages.administratorsOnly, true)
  const gone = toastReply(messages.webhooks.gone)
  const listed = async (toast: string): Promise<Reply> => ({
    effects: [...toastReply(toast).effects, ...editReply(await webhooksView(context, chatId)).effects],
  })
  switch (change) {
    case 'test': {
      const webhook = (await deps.webhooks.of(chatId)).find(one => one.id === id)
      if (webhook === undefined) return gone
      if (webhook.disabledAt !== null) return toastReply(messages.webhooks.isDisabled, true)
      return { ...toastReply(messages.webhooks.tested), events: [testEvent(context, id)] }
    }
    case 'rotate': {
      const secret = await deps.webhooks.rotate(chatId, id, deps.clock())
      return secret === null ? gone : sendReply(secretView(context, secret))
    }
    case 'enable':
      return (await deps.webhooks.enable(chatId, id)) ? listed(messages.webhooks.enabled) : gone
    case 'delete':
      if ((await deps.webhooks.of(chatId)).some(one => one.id === id && one.configKey !== null))
        return toastReply(messages.webhooks.fromFile, true)
      return (await deps.webhooks.remove(chatId, id)) ? listed(messages.webhooks.deleted) : gone
    default:
      return change satisfies never
  }
}

const testEvent = ({ cause, deps }: ChatContext, webhookId: number) =>
  WebhookRequested.from(cause, {
    key: String(webhookId),
    subject: `webhook/${webhookId}`,
    data: { webhookId, type: 'test', timestamp: deps.clock().toISOString(), payload: {} },
  })

/** A secret, which is shown once. */
const secretView = ({ messages }: ChatContext, secret: string): View => ({
  html: messages.webhooks.made(secret),
  buttons: [[{ text: messages.webhooks.copy, copy: secret }]],
  isSecret: true,
})

/** The webhooks of a chat, with a row of buttons for each. */
const webhooksView = async (context: ChatContext, chatId: number): Promise<View> => {
  const { deps, messages } = context
  const webhooks = await deps.webhooks.of(chatId)
  const pages = new Map((await deps.statusPages.of([chatId])).map(({ id, title }) => [id, title]))
  const row = (number: number, { id, disabledAt }: Webhook): Button[] => {
    const button = (text: string, change: Extract<Press, { act: 'webhook' }>['change']): Button => ({
      text: label(`${number} · ${text}`),
      press: { act: 'webhook', chat: chatId, id, change },
    })
    const { test, enable, rotate, remove } = messages.webhooks
    return [
      disabledAt === null ? button(test, 'test') : button(enable, 'enable'),
      button(rotate, 'rotate'),
      button(remove, 'delete'),
    ]
  }
  return {
    html: joined(
      [
        messages.webhooks.title(),
        webhooks.length === 0
          ? messages.webhooks.none()
          : joined(webhooks.map((webhook, at) => entry(context, at + 1, webhook, pages))),
        messages.webhooks.how(),
      ],
      '\n\n',
    ),
    buttons: webhooks.map((webhook, at) => row(at + 1, webhook)),
  }
}

/** One webhook. Of its URL only the host is shown, because a path can be a secret. */
const entry = (
  { deps, chat, messages }: ChatContext,
  number: number,
  { url, pageId, failingSince, lastFailure, disabledAt }: Webhook,
  pages: ReadonlyMap<number, string>,
): Html => {
  const { webhooks } = messages
  const since =
    failingSince &&
    tellInstant(failingSince, { language: chat.language, zone: knownZone(chat.zone), now: deps.clock() })
  const state =
    disabledAt !== null
      ? webhooks.disabled(lastFailure ?? '')
      : since === null
        ? webhooks.works
        : webhooks.fails(since, lastFailure ?? '')
  const scope = pageId === null ? webhooks.ofChat : webhooks.ofPage(pages.get(pageId) ?? '')
  return html`${number}. <b>${new URL(url).host}</b> · ${scope} · ${state}`
}

import { TelegramError, TelegramUnreachable, type Upload } from '#functions/telegram/client.ts'
import { refusalKindOf, refusalOf } from '#functions/telegram/refusals.ts'
import type { Button, Effect, View } from './reply.ts'
import type { BotRequest, PressedMessage } from './request.ts'
import type { TelegramApi } from './telegraf-client.ts'
import { formattedPayload, keyboardOf, plainPayload, type ViewPayload } from './view-payload.ts'

/** The chat and topic to send to; after a button press also the press. */
export interface Recipient {
  chatId: number
  threadId?: number
  press?: { queryId: string; message: PressedMessage | null }
}

export const recipientOf = (request: BotRequest): Recipient => ({
  chatId: request.origin.chatId,
  ...(request.origin.threadId === undefined ? {} : { threadId: request.origin.threadId }),
  ...(request.kind === 'press' ? { press: { queryId: request.queryId, message: request.message } } : {}),
})

/**
 * A message that Telegram refused because of a mistake in it. `delivered`: Telegram accepted a plainer form of the
 * message.
 */
export interface RefusedMessage {
  code: number
  reason: string
  delivered: boolean
}

/** Telegram does not deliver to this chat: the bot is blocked or removed, or the chat is deleted. */
export class ChatUnreachable extends Error {
  override readonly name = 'ChatUnreachable'
  /** Set if the reason may be a mistake of Vigia, for example a wrong chat id. */
  readonly refused: RefusedMessage | null
  constructor(reason: string, refused: RefusedMessage | null = null) {
    super(reason)
    this.refused = refused
  }
}

/** Sends effects to one chat. */
export interface Sender {
  /**
   * Performs the effects in the recipient's chat, or in `inChat` if the group moved there. Returns the messages that
   * Telegram refused. Throws ChatUnreachable, TelegramUnreachable, or a TelegramError that does not concern the
   * message: 429, a group that moved, a refused token.
   */
  send(effects: readonly Effect[], inChat?: number): Promise<RefusedMessage[]>
  /** Whether a message may be in the chat: Telegram accepted one, or did not answer a call that sends or edits one. */
  mayHaveSent(): boolean
}

/** A sender that calls Telegram until `signal` aborts. */
export const createSender = (telegram: TelegramApi, recipient: Recipient, signal: AbortSignal): Sender => {
  let maybeSent = false
  const call: Call = async (method, params, files) => {
    try {
      const result = await (files === undefined
        ? telegram.call(method, params, signal)
        : telegram.upload(method, params, files))
      maybeSent ||= writesToTheChat(method)
      return result
    } catch (error) {
      maybeSent ||= writesToTheChat(method) && error instanceof TelegramUnreachable && error.executed === 'unknown'
      throw error
    }
  }
  return {
    send: (effects, inChat = recipient.chatId) =>
      sendEffects({ call, recipient: { ...recipient, chatId: inChat }, refused: [] }, effects),
    mayHaveSent: () => maybeSent,
  }
}

type Call = (method: string, params: Record<string, unknown>, files?: Record<string, Upload>) => Promise<unknown>

const writesToTheChat = (method: string) => /^(send|editMessage)/.test(method)

/** The state of one `send`. */
interface Delivery {
  call: Call
  recipient: Recipient
  refused: RefusedMessage[]
}

const sendEffects = async (delivery: Delivery, effects: readonly Effect[]): Promise<RefusedMessage[]> => {
  const { refused, recipient } = delivery
  const toasts = effects.filter(effect => effect.do === 'toast')
  const messages = effects.filter(effect => effect.do !== 'toast')
  // Telegram shows a button as busy until its press is answered, so a press without a toast is answered too. The
  // messages do not wait for these answers.
  const answers = toasts.map(({ text, alert }) => answerPress(delivery, text, alert))
  if (recipient.press && toasts.length === 0) answers.push(answerPress(delivery))
  const answered = Promise.allSettled(answers)
  try {
    for (const effect of messages) {
      if (effect.do === 'send') await sendMessage(delivery, effect.view)
      else if (effect.do === 'document') await sendDocument(delivery, effect)
      else if (effect.do === 'buttons') await replaceButtons(delivery, effect.buttons)
      else await editMessage(delivery, effect.view, effect.samePhoto === true)
    }
  } catch (error) {
    await answered
    refused.push(refusedOrThrow(error))
    return refused
  }
  for (const outcome of await answered) {
    // `flood`: Telegram asks for a wait before the toast. The toast is dropped, because a late toast is useless.
    if (outcome.status === 'fulfilled' || refusalKindOf(outcome.reason) === 'flood') continue
    if (messages.length === 0) refused.push(refusedOrThrow(outcome.reason))
    else if (isBadRequest(outcome.reason)) refused.push(refusedMessage(outcome.reason, true))
  }
  return refused
}

const answerPress = async ({ call, recipient }: Delivery, text?: string, alert = false): Promise<void> => {
  if (!recipient.press) return
  const shown = text === undefined ? {} : { text: [...text].slice(0, 200).join(''), show_alert: alert }
  await call('answerCallbackQuery', { callback_query_id: recipient.press.queryId, ...shown }).catch(error => {
    if (refusalKindOf(error) !== 'query-expired') throw error
  })
}

const sendMessage = (delivery: Delivery, view: View): Promise<void> =>
  withFallbacks(delivery, view, async (payload, to) => {
    for (const photo of payload.photos) {
      try {
        await delivery.call('sendPhoto', { ...to, photo, ...payload.caption, ...payload.keyboard })
        return
      } catch (error) {
        if (refusalKindOf(error) !== 'photo') throw error
      }
    }
    await delivery.call('sendMessage', { ...to, ...payload.text, ...payload.keyboard })
  })

const sendDocument = (delivery: Delivery, { file, html }: Extract<Effect, { do: 'document' }>): Promise<void> =>
  withFallbacks(delivery, { html }, async (payload, to) => {
    const document = { ...file, type: 'application/zip' }
    await delivery.call('sendDocument', { ...to, ...payload.caption }, { document })
  })

const editMessage = async (delivery: Delivery, view: View, samePhoto: boolean): Promise<void> => {
  const { call, recipient } = delivery
  const message = recipient.press?.message
  if (!message || message.content === 'unknown') return sendMessage(delivery, view)
  const target = { chat_id: recipient.chatId, message_id: message.id }
  const isPhoto = message.content === 'photo'
  // A message with a photo cannot become a text message, and in older apps a text message cannot become a message with
  // a photo. So a new message replaces the old one.
  if (!samePhoto && isPhoto !== Boolean(view.photo)) return replaceMessage(delivery, view, target)
  try {
    await withFallbacks(delivery, view, async payload => {
      if (!isPhoto) await call('editMessageText', { ...target, ...payload.text, ...payload.keyboard })
      else if (samePhoto) await call('editMessageCaption', { ...target, ...payload.caption, ...payload.keyboard })
      else {
        const media = { type: 'photo', media: payload.photos[0], ...payload.caption }
        await call('editMessageMedia', { ...target, media, ...payload.keyboard })
      }
    })
  } catch (error) {
    const kind = refusalKindOf(error)
    if (kind === 'not-modified') return
    if (kind === 'photo') return replaceMessage(delivery, view, target)
    if (kind !== 'message-not-editable') throw error
    await sendMessage(delivery, view)
  }
}

const replaceButtons = async ({ call, recipient }: Delivery, buttons: Button[][]): Promise<void> => {
  const message = recipient.press?.message
  if (!message) return
  const target = { chat_id: recipient.chatId, message_id: message.id }
  await call('editMessageReplyMarkup', { ...target, reply_markup: keyboardOf(buttons) }).catch(error => {
    // The buttons are as wanted already, or the message was deleted: there is nothing left to replace.
    if (!['not-modified', 'message-not-editable'].includes(refusalKindOf(error) ?? '')) throw error
  })
}

type MessageTarget = { chat_id: number; message_id: number }

const replaceMessage = async (delivery: Delivery, view: View, target: MessageTarget): Promise<void> => {
  await sendMessage(delivery, view)
  // The new message is sent. If the old one cannot be deleted, sending the new one again would not help.
  await delivery.call('deleteMessage', target).catch(() => {})
}

type ChatTarget = { chat_id: number; message_thread_id?: number }

/**
 * Tries the view as it is, then without the part that Telegram refuses: a deleted topic, or formatting that Telegram
 * cannot parse.
 */
const withFallbacks = async (
  { recipient, refused }: Delivery,
  view: View,
  attempt: (payload: ViewPayload, to: ChatTarget) => Promise<void>,
): Promise<void> => {
  let payload = formattedPayload(view)
  let to: ChatTarget = { chat_id: recipient.chatId }
  if (recipient.threadId !== undefined) to.message_thread_id = recipient.threadId
  for (;;) {
    try {
      return await attempt(payload, to)
    } catch (error) {
      const kind = refusalKindOf(error)
      if (kind === 'topic-unavailable' && to.message_thread_id !== undefined) to = { chat_id: recipient.chatId }
      else if (kind === 'markup' && !payload.isPlain) {
        refused.push(refusedMessage(error as TelegramError, true))
        payload = plainPayload(view)
      } else throw error
    }
  }
}

/**
 * The refused message, if Telegram would refuse another attempt too. Throws every other error: as ChatUnreachable if
 * Telegram does not deliver to the chat, else unchanged.
 */
const refusedOrThrow = (error: unknown): RefusedMessage => {
  if (!(error instanceof TelegramError)) throw error
  const refused = refusedMessage(error, false)
  const { kind } = refusalOf(error)
  if (kind === 'chat-forbidden') throw new ChatUnreachable(error.description)
  if (kind === 'chat-not-found') throw new ChatUnreachable(error.description, refused)
  if (kind === 'chat-migrated' || error.code !== 400) throw error
  return refused
}

const isBadRequest = (error: unknown): error is TelegramError => error instanceof TelegramError && error.code === 400

const refusedMessage = ({ method, code, description }: TelegramError, delivered: boolean): RefusedMessage => ({
  code,
  reason: `${method}: ${description}`,
  delivered,
})

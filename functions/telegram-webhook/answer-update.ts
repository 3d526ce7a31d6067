import type { Cause, VigiaEvent } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import type { Publish } from '#functions/host/publish.ts'
import { withTimeout } from '#functions/host/timeout.ts'
import { TelegramError } from '#functions/telegram/client.ts'
import { type Administrators, isMember } from './administrators.ts'
import type { Dependencies } from './context.ts'
import { conversation } from './conversation.ts'
import { causeOf, type Update } from './deferred-update.ts'
import { deleteMessage } from './delete-message.ts'
import { answerInline, inlineQueryOf } from './inline-query.ts'
import { botMessages } from './messages/messages.ts'
import { outboxMessage } from './outbox-message.ts'
import { namesABot, parseUpdate } from './parse-update.ts'
import type { PausedChats } from './paused-chats.ts'
import type { Effect, View } from './reply.ts'
import type { Origin } from './request.ts'
import { ChatUnreachable, createSender, type RefusedMessage, recipientOf, type Sender } from './sender.ts'
import type { TelegramApi } from './telegraf-client.ts'

/**
 * The time limit for sending the messages of an update. Telegram waits 60 s for the response to an update, but a person
 * expects the reply sooner.
 */
const sendTimeoutMs = 9_000
/**
 * The longest Retry-After for which the update is returned to Telegram, which delivers it again later. If Telegram asks
 * for a longer wait, the outbox sends the reply.
 */
const shortWaitS = 3
const publishTimeoutMs = 5_000

export interface AnswerDependencies {
  botId: number
  deps: Dependencies
  /** The Bot API; loads Telegraf at the first call. */
  telegram(): Promise<TelegramApi>
  paused: PausedChats
  administrators: Administrators
}

/** One attempt to answer an update. */
export interface Attempt {
  publish: Publish
  /** Whether an earlier attempt may have sent the reply. */
  earlierMayHaveAnswered: boolean
  /** Present as soon as this attempt can send messages. */
  sender?: Sender
}

/**
 * Whether the chat may already have a reply to the update. True if this is unknown, because an apology must not follow
 * a reply.
 */
export const mayHaveAnswered = ({ earlierMayHaveAnswered, sender }: Attempt): boolean =>
  earlierMayHaveAnswered || sender?.mayHaveSent() === true

/** Publishes with a timeout, because Telegram waits for the response to the update. */
export const publishInTime = (publish: Publish, events: readonly VigiaEvent[]): Promise<void> =>
  withTimeout(publishTimeoutMs, 'publishing to the broker', publish(events))

/**
 * Executes the request in an update, then publishes the events, then sends the reply. The reply comes last, so that a
 * person who reads "done" can rely on it. A second call for the same update has the same effect, except that the reply
 * may be sent twice.
 */
export const answerUpdate = async (
  { botId, deps, telegram, paused, administrators }: AnswerDependencies,
  update: Update,
  attempt: Attempt,
): Promise<void> => {
  const api = await telegram()
  const signal = AbortSignal.timeout(sendTimeoutMs)
  const query = inlineQueryOf(update)
  if (query !== null) return answerInline(query, { deps, cause: causeOf(botId, update.update_id), api, signal })
  const request = parseUpdate(update, {
    botId,
    botName: namesABot(update) ? await api.botName(signal) : '',
  })
  if (request === null) return

  const cause = causeOf(botId, update.update_id)
  const sender = createSender(api, recipientOf(request), signal)
  attempt.sender = sender
  const { publish } = attempt

  const { chatId, personId, messageId } = request.origin
  const { effects, events = [] } = await conversation(request, deps, cause, {
    administers: (group = chatId) => administrators.include(api, group, personId, signal),
    isMember: chat => isMember(api, chat, personId, signal),
    botName: () => api.botName(signal),
    readFile: (fileId, maxBytes) => api.readFile(fileId, maxBytes, signal),
    deleteMessage: async () => messageId !== undefined && deleteMessage(api, { chatId, messageId }, signal),
  })
  if (events.length > 0) await publishInTime(publish, events)
  const refused = await deliver(effects, { deps, paused, sender, publish, cause, origin: request.origin })

  if (refused.length === 0) return
  await publishInTime(publish, refusedEvents(cause, request.origin.chatId, refused))
  if (refused.some(({ delivered }) => !delivered) && !mayHaveAnswered(attempt))
    await apologise(deps, request.origin, sender, 'sorryWithoutRetry')
}

interface Delivery {
  deps: Dependencies
  paused: PausedChats
  sender: Sender
  publish: Publish
  cause: Cause
  origin: Origin
}

/**
 * Sends the effects. While Telegram allows no messages in this chat, hands the messages to the outbox instead. Returns
 * the refused messages.
 */
const deliver = async (effects: Effect[], delivery: Delivery): Promise<RefusedMessage[]> => {
  const { deps, paused, sender, origin } = delivery
  const { chatId } = origin
  const messages = effects.filter(hasView)
  const until = paused.until(chatId)
  if (until !== null && messages.length > 0) {
    await toOutbox(messages, until, delivery)
    // The outbox has the reply, so an error of the toast is ignored: another attempt would handle the whole update
    // again.
    return sender.send(effects.filter(effect => effect.do === 'toast')).catch(() => [])
  }
  try {
    return await sender.send(effects)
  } catch (error) {
    if (error instanceof TelegramError && error.migrateTo !== undefined) {
      await deps.chats.migrate(chatId, error.migrateTo)
      return sender.send(effects, error.migrateTo)
    }
    // The outbox cannot send a document, so Telegram delivers the update again.
    const hasDocument = effects.some(effect => effect.do === 'document')
    if (isLongFlood(error) && !sender.mayHaveSent() && !hasDocument) {
      await toOutbox(messages, paused.pause(chatId, error.retryAfter!), delivery)
      return []
    }
    if (!(error instanceof ChatUnreachable)) throw error
    await deps.chats.markUnreachable(chatId, error.message)
    return error.refused ? [{ ...error.refused, delivered: true }] : []
  }
}

type MessageEffect = Extract<Effect, { view: View }>

/**
 * Whether the outbox can send the effect. Without a view it is a toast or new buttons, which can be left out. A secret
 * is left out too, because the outbox would store it; the person can ask for another one.
 */
const hasView = (effect: Effect): effect is MessageEffect => 'view' in effect && !effect.view.isSecret

const toOutbox = (
  messages: MessageEffect[],
  notBefore: Date,
  { origin, cause, publish }: Pick<Delivery, 'origin' | 'cause' | 'publish'>,
): Promise<void> => {
  const events = messages.map(({ view }, at) => outboxMessage(view, { origin, cause, notBefore, key: `answer-${at}` }))
  return publishInTime(publish, events)
}

const isLongFlood = (error: unknown): error is TelegramError =>
  error instanceof TelegramError && error.code === 429 && (error.retryAfter ?? 0) > shortWaitS

const refusedEvents = (cause: Cause, chatId: number, refused: RefusedMessage[]): VigiaEvent[] =>
  refused.map(({ code, reason }, at) =>
    MessageRefused.from(cause, {
      key: String(at),
      subject: `chat/${chatId}`,
      data: { chatId, message: cause.id, code, reason },
    }),
  )

/**
 * Sends an apology for the missing reply: `sorryWithRetry` if the broker will try again, `sorryWithoutRetry` if not. An
 * apology that cannot be sent is only logged.
 */
export const apologise = async (
  deps: Dependencies,
  { chatId, language }: Origin,
  sender: Sender,
  message: 'sorryWithRetry' | 'sorryWithoutRetry',
): Promise<void> => {
  try {
    const chat = await deps.chats.find(chatId).catch(() => null)
    await sender.send([{ do: 'send', view: { html: botMessages[chat?.language ?? language][message]() } }])
  } catch (error) {
    deps.warn('the apology could not be sent', error)
  }
}

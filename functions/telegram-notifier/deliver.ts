import type { Chats } from '#database/chats/chats.ts'
import type { ClaimedMessage, Messages } from '#database/messages/messages.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { validatorOf } from '#events/validate.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Logger } from '#functions/host/log.ts'
import { type Telegram, TelegramError, TelegramUnreachable } from '#functions/telegram/client.ts'
import { refusalOf } from '#functions/telegram/refusals.ts'
import { secondsAfterSilence, secondsWithoutConnection } from './backoff.ts'
import { apiCallFor, type Payload, payloadOf, withoutPart } from './payload.ts'
import { actionFor, type RefusalAction } from './refusal-action.ts'

/** What the outbox may touch. */
export interface Outbox {
  messages: Messages
  chats: Chats
  telegram: Telegram
  /** Names the bot without telling its token. */
  bot: string
  clock: Clock
  wait: (ms: number) => Promise<void>
  /** 0 to 1. */
  random: () => number
  log: Logger
  /** Chats that a request of this process is sending to; `again`: something was stored for them meanwhile. */
  serving?: Map<number, { again: boolean }>
}

/**
 * What became of a message. `settled`: sent or refused. `waiting`: put back. `moved`: it goes to another chat now.
 * `silence`: Telegram did not answer, and the next one will fare no better.
 */
export type Outcome = { is: 'settled' | 'waiting' | 'silence' | 'stopped' } | { is: 'moved'; to: number }

// Telegram does not say whose limit was reached. A wait is the chat's own, unless several chats are asked to wait
// within seconds.
const wholeBotFlood = { chats: 3, withinMs: 10_000 }
const disabledPauseMs = 10 * 60_000

/**
 * Sends one claimed message in the best form that Telegram takes, and keeps what became of it. Throws only when the
 * database does.
 */
export const deliver = async (outbox: Outbox, message: ClaimedMessage): Promise<Outcome> => {
  const { messages, telegram, clock, log } = outbox
  const { key, chatId, request } = message
  if (!validatorOf(MessageRequested)(request)) {
    // Kept by another version, or by hand. Thrown here it would stop the outbox at every tick.
    const reason = 'the message as it is stored cannot be sent'
    await messages.note(key, { code: 400, reason }, clock())
    await messages.refused(key, reason)
    return { is: 'settled' }
  }
  const replyTo = request.replyTo === undefined ? null : await messages.telegramIdOf(request.replyTo, chatId)
  let payload: Payload = payloadOf(request, replyTo)
  /** Topics that refused the message; undefined is General. */
  const refusedTopics = new Set<number | undefined>()
  for (;;) {
    const { method, params } = apiCallFor(payload, chatId)
    try {
      const { message_id } = await telegram.call<{ message_id: number }>(method, params)
      // A crash between Telegram's acceptance and this line sends the message twice. To write first could lose it: we
      // choose the repeat.
      await persistReceipt(outbox, () => messages.sent(key, message_id, clock()))
      if (message.pauseReason !== null) await messages.resume(outbox.bot, clock())
      return { is: 'settled' }
    } catch (error) {
      if (error instanceof TelegramUnreachable) return afterSilence(outbox, message, error)
      if (!(error instanceof TelegramError)) throw error
      const refusal = refusalOf(error)
      const action = actionFor(refusal)
      log.info(
        { message: key, code: error.code, description: error.description, refusal: refusal.kind, action: action.do },
        'Telegram refused a message',
      )
      if (action.do !== 'send without') return afterRefusal(outbox, message, error, action)
      let next = withoutPart(payload, action.part)
      if (refusal.kind === 'topic-unavailable') {
        const { threadId, replyTo } = payload
        if (threadId !== undefined && refusal.isDeleted) await messages.forgetTopic(chatId, threadId)
        // A reply without a topic was refused by the topic of the message it replies to.
        if (threadId !== undefined || replyTo === undefined) refusedTopics.add(threadId)
        if (refusedTopics.has(undefined)) {
          // General refused it too: try the topics in which the group follows something else.
          const other = (await messages.topicsOf(chatId)).find(id => !refusedTopics.has(id))
          next = other === undefined ? null : { ...payload, threadId: other }
        }
      }
      if (next === null) return afterRefusal(outbox, message, error, { do: 'give up message' })
      if (action.tellOperators) await messages.note(key, { code: error.code, reason: error.description }, clock())
      payload = next
      await messages.renew(key, clock())
    }
  }
}

const afterRefusal = async (
  { messages, chats, bot, clock, random }: Outbox,
  { key, chatId }: ClaimedMessage,
  { code, description }: TelegramError,
  action: Exclude<RefusalAction, { do: 'send without' }>,
): Promise<Outcome> => {
  const now = clock()
  const after = (ms: number) => new Date(now.getTime() + ms)
  const tellOperators = () => messages.note(key, { code, reason: description }, now)
  switch (action.do) {
    case 'wait': {
      const until = after(action.seconds * 1000 + random() * 1000)
      await messages.flooded(key, until, now)
      const { chats, firstEnd } = await messages.floodsSince(after(-wholeBotFlood.withinMs))
      if (chats >= wholeBotFlood.chats && firstEnd !== null) await messages.pause(bot, firstEnd, 'flood')
      return { is: 'waiting' }
    }
    case 'give up chat':
      if (action.tellOperators) await tellOperators()
      await messages.refused(key, description)
      await chats.markUnreachable(chatId, description)
      await messages.refuseAllOf(chatId, description)
      return { is: 'settled' }
    case 'migrate chat':
      await messages.putBack(key, now, { countsAsAttempt: true })
      await chats.migrate(chatId, action.to)
      return { is: 'moved', to: action.to }
    case 'pause bot':
      // Messages stay as they are, so that all of them go out once the token is valid. The first pause tells the
      // operators, not each message.
      await messages.putBack(key, after(disabledPauseMs), { countsAsAttempt: false })
      if (await messages.pause(bot, after(disabledPauseMs), `${code} ${description}`)) await tellOperators()
      return { is: 'stopped' }
    case 'retry in a minute':
      await tellOperators()
      await messages.putBack(key, after(60_000), { countsAsAttempt: false })
      return { is: 'waiting' }
    case 'give up message':
      await tellOperators()
      await messages.refused(key, description)
      return { is: 'settled' }
    default:
      return action satisfies never
  }
}

const afterSilence = async (
  { messages, clock, random, log }: Outbox,
  { key, attempts, requestedAt }: ClaimedMessage,
  { message: words, status, acted }: TelegramUnreachable,
): Promise<Outcome> => {
  const now = clock()
  const countsAsAttempt = acted === 'unknown'
  const seconds = countsAsAttempt
    ? secondsAfterSilence(attempts)
    : secondsWithoutConnection((now.getTime() - requestedAt.getTime()) / 1000)
  log.warn({ message: key, attempts, againInS: seconds }, words)
  if (seconds === null) {
    await messages.note(key, { code: status ?? 504, reason: `${words}; given up after ${attempts} tries` }, now)
    await messages.refused(key, words)
  } else {
    await messages.putBack(key, new Date(now.getTime() + seconds * 1000 + random() * 500), { countsAsAttempt })
  }
  return { is: 'silence' }
}

/**
 * The receipt is worth some patience: without it the message is sent again. Some twenty seconds cover a restart of the
 * database.
 */
const persistReceipt = async ({ wait, log }: Outbox, keep: () => Promise<void>): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await keep()
    } catch (error) {
      if (attempt === 20) throw error
      log.warn({ error, attempt }, 'the receipt could not be kept')
      await wait(attempt < 5 ? 200 : 1_200)
    }
  }
}

import type { Chats } from '#database/chats/chats.ts'
import type { ClaimedMessage, Messages } from '#database/messages/messages.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { validatorOf } from '#events/validate.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Logger } from '#functions/host/log.ts'
import { type Telegram, TelegramError, TelegramUnreachable } from '#functions/telegram/client.ts'
import { secondsAfterSilence, secondsWithoutConnection } from './backoff.ts'
import { callFor, type Form, formOf, plainer } from './form.ts'
import { isTopicGone, type Meaning, meaningOf } from './meaning.ts'

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

// Telegram does not say whose limit was reached. A wait is the chat's own, unless several chats are asked to wait within seconds.
const WHOLE_BOT = { chats: 3, withinMs: 10_000 }
const STOPPED_MS = 10 * 60_000

/** Sends one claimed message in the best form that Telegram takes, and keeps what became of it. Throws only when the database does. */
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
  let form: Form = formOf(request, replyTo)
  /** Topics that took nothing; undefined is General. */
  const refusedTopics = new Set<number | undefined>()
  for (;;) {
    const { method, params } = callFor(form, chatId)
    try {
      const { message_id } = await telegram.call<{ message_id: number }>(method, params)
      // Between Telegram's yes and this line a crash sends the message twice; to keep first could lose it. We choose the repeat.
      await firmly(outbox, () => messages.sent(key, message_id, clock()))
      if (message.pauseReason !== null) await messages.resume(outbox.bot, clock())
      return { is: 'settled' }
    } catch (error) {
      if (error instanceof TelegramUnreachable) return afterSilence(outbox, message, error)
      if (!(error instanceof TelegramError)) throw error
      const meaning = meaningOf(error)
      log.info(
        { message: key, code: error.code, description: error.description, means: meaning.is },
        'Telegram said no',
      )
      if (meaning.is !== 'plainer') return afterNo(outbox, message, error, meaning)
      let next = plainer(form, meaning.without)
      if (meaning.without === 'topic') {
        const { threadId, replyTo } = form
        if (threadId !== undefined && isTopicGone(error.description)) await messages.forgetTopic(chatId, threadId)
        // A reply without a topic was refused by the topic of the message it replies to.
        if (threadId !== undefined || replyTo === undefined) refusedTopics.add(threadId)
        if (refusedTopics.has(undefined)) {
          // General takes nothing either: the group is told in a topic in which it follows something else.
          const other = (await messages.topicsOf(chatId)).find(id => !refusedTopics.has(id))
          next = other === undefined ? null : { ...form, threadId: other }
        }
      }
      if (next === null) return afterNo(outbox, message, error, { is: 'never' })
      if (meaning.tell) await messages.note(key, { code: error.code, reason: error.description }, clock())
      form = next
      await messages.renew(key, clock())
    }
  }
}

const afterNo = async (
  { messages, chats, bot, clock, random }: Outbox,
  { key, chatId }: ClaimedMessage,
  { code, description }: TelegramError,
  meaning: Exclude<Meaning, { is: 'plainer' }>,
): Promise<Outcome> => {
  const now = clock()
  const after = (ms: number) => new Date(now.getTime() + ms)
  const tell = () => messages.note(key, { code, reason: description }, now)
  switch (meaning.is) {
    case 'flood': {
      const until = after(meaning.seconds * 1000 + random() * 1000)
      await messages.flooded(key, until, now)
      const { chats, firstEnd } = await messages.floodsSince(after(-WHOLE_BOT.withinMs))
      if (chats >= WHOLE_BOT.chats && firstEnd !== null) await messages.pause(bot, firstEnd, 'flood')
      return { is: 'waiting' }
    }
    case 'gone':
      if (meaning.tell) await tell()
      await messages.refused(key, description)
      await chats.markUnreachable(chatId, description)
      await messages.refuseAllOf(chatId, description)
      return { is: 'settled' }
    case 'moved':
      await messages.putBack(key, now, { burnt: true })
      await chats.migrate(chatId, meaning.to)
      return { is: 'moved', to: meaning.to }
    case 'stopped':
      // The state stays, so that everything goes out once the token is right. One message tells the operators, not each.
      await messages.putBack(key, after(STOPPED_MS), { burnt: false })
      if (await messages.pause(bot, after(STOPPED_MS), `${code} ${description}`)) await tell()
      return { is: 'stopped' }
    case 'later':
      await tell()
      await messages.putBack(key, after(60_000), { burnt: false })
      return { is: 'waiting' }
    case 'never':
      await tell()
      await messages.refused(key, description)
      return { is: 'settled' }
    default:
      return meaning satisfies never
  }
}

const afterSilence = async (
  { messages, clock, random, log }: Outbox,
  { key, attempts, requestedAt }: ClaimedMessage,
  { message: words, status, acted }: TelegramUnreachable,
): Promise<Outcome> => {
  const now = clock()
  const burnt = acted === 'unknown'
  const seconds = burnt
    ? secondsAfterSilence(attempts)
    : secondsWithoutConnection((now.getTime() - requestedAt.getTime()) / 1000)
  log.warn({ message: key, attempts, againInS: seconds }, words)
  if (seconds === null) {
    await messages.note(key, { code: status ?? 504, reason: `${words}; given up after ${attempts} tries` }, now)
    await messages.refused(key, words)
  } else {
    await messages.putBack(key, new Date(now.getTime() + seconds * 1000 + random() * 500), { burnt })
  }
  return { is: 'silence' }
}

/** The receipt is worth some patience: without it the message is sent again. Some twenty seconds cover a restart of the database. */
const firmly = async ({ wait, log }: Outbox, keep: () => Promise<void>): Promise<void> => {
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

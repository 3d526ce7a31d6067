import type { Chats } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import type { ClaimedMessage, Messages } from '#database/messages/messages.ts'
import type { Reports } from '#database/reports/reports.ts'
import type { IncidentAnswers } from '#database/uptime/incident-answers.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { validatorOf } from '#events/validate.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Logger } from '#functions/host/log.ts'
import { type Telegram, TelegramError, TelegramUnreachable, type Upload } from '#functions/telegram/client.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { refusalOf } from '#functions/telegram/refusals.ts'
import { secondsAfterNoConnection, secondsAfterNoResponse } from './backoff.ts'
import { apiCallFor, type Payload, payloadOf, withNote, withoutPart } from './payload.ts'
import { actionFor, type RefusalAction } from './refusal-action.ts'

export interface Dependencies {
  messages: Messages
  chats: Chats
  incidentAnswers: Pick<IncidentAnswers, 'of'>
  /** The pictures of reports. */
  reports: Pick<Reports, 'picture'>
  telegram: Telegram
  /** Identifies the bot in the table of pauses. It is a hash of the token, because the token is secret. */
  bot: string
  clock: Clock
  wait: (ms: number) => Promise<void>
  /** Returns a random number from 0 to 1. */
  random: () => number
  log: Logger
  /** The release of this process, which is stored with each message that it sends. */
  release: string
  /**
   * The chats to which requests of this process are sending. `hasNewMessage`: whether another request has stored a
   * message for the chat in the meantime.
   */
  activeChats?: Map<number, { hasNewMessage: boolean }>
}

/**
 * What happened to a message. `settled`: it was sent, or refused for good. `waiting`: it is back in the outbox.
 * `no response`: Telegram did not answer, and probably will not answer the next call. `bot paused`: Telegram refuses
 * everything from this bot. `moved`: the chat has the new id `to`, and the message is back in the outbox under that id.
 */
export type Outcome = { is: 'settled' | 'waiting' | 'no response' | 'bot paused' } | { is: 'moved'; to: number }

/**
 * The limit of the whole bot counts as reached when Telegram answered 429 for this many chats in the last `withinMs`.
 * Telegram does not say whether a 429 is about the limit of the chat or of the bot.
 */
const wholeBotFlood = { chats: 3, withinMs: 10_000 }

/** Why the messages of a topic arrive elsewhere. */
const topicDeleted: Record<Language, Html> = {
  'pt-BR': html`<i>O tópico em que eu avisava disso foi apagado. A partir de agora aviso aqui.</i>`,
  en: html`<i>The topic where I told you this was deleted. From now on I tell you here.</i>`,
}

/** The pause after Telegram refused the bot itself. */
const disabledPauseMs = 10 * 60_000

/**
 * Sends one claimed message and stores what happened to it. When Telegram refuses a part of the message (its
 * formatting, photo, buttons, …), the message is sent again without that part. Throws only errors of the database.
 */
export const deliver = async (dependencies: Dependencies, message: ClaimedMessage): Promise<Outcome> => {
  const { messages, telegram, clock, log, release } = dependencies
  const { key, chatId, request } = message
  if (!validatorOf(MessageRequested)(request)) {
    // Another version of Vigia stored the message, or an operator changed it. Do not throw here, because the same error
    // would stop the outbox again at every tick.
    const reason = 'the stored message does not match the schema of message.requested'
    await messages.recordRefusal(key, { code: 400, reason }, clock())
    await messages.markRefused(key, reason)
    return { is: 'settled' }
  }
  let note: Html | null = null
  const replyTo = request.replyTo === undefined ? null : await messages.telegramIdOf(request.replyTo, chatId)
  let payload: Payload = payloadOf(request, replyTo, await pictureOf(dependencies, request))
  /** The topics in which Telegram refused the message; undefined stands for the topic General. */
  const refusedTopics = new Set<number | undefined>()
  for (;;) {
    const { method, params, files } = apiCallFor(payload, chatId)
    try {
      const { message_id } = await telegram.call<{ message_id: number }>(method, params, { files })
      // If the process crashes before this write, the message is sent twice. Writing before sending could lose the
      // message, and a message that arrives twice is better than a lost message.
      await persistReceipt(dependencies, () => messages.markSent(key, message_id, clock(), release))
      if (message.pauseReason !== null) await messages.resume(dependencies.bot, clock())
      return { is: 'settled' }
    } catch (error) {
      if (error instanceof TelegramUnreachable) return afterNoResponse(dependencies, message, error)
      if (!(error instanceof TelegramError)) throw error
      const refusal = refusalOf(error)
      const action = actionFor(refusal)
      log.info(
        { key, code: error.code, description: error.description, refusal: refusal.kind, action: action.do },
        'Telegram refused a message',
      )
      if (action.do !== 'send without') return afterRefusal(dependencies, message, error, action)
      let next = withoutPart(payload, action.part)
      if (refusal.kind === 'topic-unavailable') {
        const { threadId, replyTo } = payload
        // Only the first message after the deletion moves follows, so the group is told once.
        if (threadId !== undefined && refusal.isDeleted && (await messages.forgetTopic(chatId, threadId)))
          note = topicDeleted[(await dependencies.chats.find(chatId))?.language ?? 'pt-BR']
        // A reply without a topic goes to the topic of the message that it replies to, so General did not refuse it.
        if (threadId !== undefined || replyTo === undefined) refusedTopics.add(threadId)
        if (refusedTopics.has(undefined)) {
          // Telegram refused the message in General too: try the topics in which the group follows something else.
          const otherTopic = (await messages.topicsOf(chatId)).find(id => !refusedTopics.has(id))
          next = otherTopic === undefined ? null : { ...payload, threadId: otherTopic }
        }
      }
      if (next === null) return afterRefusal(dependencies, message, error, { do: 'give up message' })
      if (action.tellOperators)
        await messages.recordRefusal(key, { code: error.code, reason: error.description }, clock())
      payload = note === null ? next : withNote(next, note)
      note = null
      await messages.renew(key, clock())
    }
  }
}

/** The stored picture that the message shows. Null if the message has none, or if the picture has been deleted. */
const pictureOf = async (
  { reports }: Dependencies,
  { reportPicture }: ClaimedMessage['request'],
): Promise<Upload | null> => {
  const bytes = reportPicture === undefined ? null : await reports.picture(reportPicture)
  return bytes === null ? null : { bytes, name: 'report.png', type: 'image/png' }
}

const afterRefusal = async (
  { messages, chats, bot, clock, random }: Dependencies,
  { key, chatId }: ClaimedMessage,
  { code, description }: TelegramError,
  action: Exclude<RefusalAction, { do: 'send without' }>,
): Promise<Outcome> => {
  const now = clock()
  const after = (ms: number) => new Date(now.getTime() + ms)
  const tellOperators = () => messages.recordRefusal(key, { code, reason: description }, now)
  switch (action.do) {
    case 'wait': {
      const until = after(action.seconds * 1000 + random() * 1000)
      await messages.putBackAfterFlood(key, until, now)
      const { chats, earliestEnd } = await messages.floodsSince(after(-wholeBotFlood.withinMs))
      if (chats >= wholeBotFlood.chats && earliestEnd !== null) await messages.pause(bot, earliestEnd, 'flood')
      return { is: 'waiting' }
    }
    case 'give up chat':
      if (action.tellOperators) await tellOperators()
      await messages.markRefused(key, description)
      await chats.markUnreachable(chatId, description)
      await messages.markAllRefused(chatId, description)
      return { is: 'settled' }
    case 'migrate chat':
      await messages.putBack(key, now, { countsAsAttempt: true })
      await chats.migrate(chatId, action.to)
      return { is: 'moved', to: action.to }
    case 'pause bot':
      // The messages stay in the outbox, so that all of them are sent when the token is valid again. The operators get
      // one notice, when the pause begins, and not one notice per message.
      await messages.putBack(key, after(disabledPauseMs), { countsAsAttempt: false })
      if (await messages.pause(bot, after(disabledPauseMs), `${code} ${description}`)) await tellOperators()
      return { is: 'bot paused' }
    case 'retry in a minute':
      await tellOperators()
      await messages.putBack(key, after(60_000), { countsAsAttempt: false })
      return { is: 'waiting' }
    case 'give up message':
      await tellOperators()
      await messages.markRefused(key, description)
      return { is: 'settled' }
    default:
      return action satisfies never
  }
}

const afterNoResponse = async (
  { messages, clock, random, log }: Dependencies,
  { key, attempts, requestedAt }: ClaimedMessage,
  { message: reason, status, executed }: TelegramUnreachable,
): Promise<Outcome> => {
  const now = clock()
  const mayHaveArrived = executed === 'unknown'
  const delayS = mayHaveArrived
    ? secondsAfterNoResponse(attempts)
    : secondsAfterNoConnection((now.getTime() - requestedAt.getTime()) / 1000)
  log.warn({ key, attempts, retrySeconds: delayS }, reason)
  if (delayS === null) {
    // The count of attempts leaves out those that could not connect, so the time says more.
    const hours = Math.max(1, Math.round((now.getTime() - requestedAt.getTime()) / 3_600_000))
    const age = hours === 1 ? 'an hour' : `${hours} hours`
    await messages.recordRefusal(key, { code: status ?? 504, reason: `${reason}; given up after ${age}` }, now)
    await messages.markRefused(key, reason)
  } else {
    const notBefore = new Date(now.getTime() + delayS * 1000 + random() * 500)
    await messages.putBack(key, notBefore, { countsAsAttempt: mayHaveArrived })
  }
  return { is: 'no response' }
}

/**
 * If the write that marks the message as sent fails, repeats the write for about twenty seconds. A restart of the
 * database takes less time. Without this write, the message would be sent again.
 */
const persistReceipt = async ({ wait, log }: Dependencies, write: () => Promise<void>): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write()
    } catch (error) {
      if (attempt === 20) throw error
      log.warn(
        { error, attempts: attempt },
        'PostgreSQL did not store that the message was sent; the write is tried again',
      )
      await wait(attempt < 5 ? 200 : 1_200)
    }
  }
}

import type { IncomingHttpHeaders } from 'node:http'
import type { TelegramUpdates } from '#database/telegram-updates.ts'
import type { EventOf } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import type { UpdateDeferred } from '#events/update-deferred.ts'
import { Permanent, RetryLater } from '../errors.ts'
import type { Publish } from '../publish.ts'
import type { Context, HttpFace, HttpRequest } from '../serve.ts'
import { TelegramError } from '../telegram.ts'
import { type Asked, type BotPort, ChatGone, type Effect, type Fault, type Speak } from './bot.ts'
import { conversation } from './conversation.ts'
import { causeOf, type deferral, type Update } from './deferral.ts'
import { type Desk, within } from './desk.ts'
import { words } from './words/words.ts'

/** After this many failures the broker takes over, so that the chat's next update is not held up. */
const MOST_FAILURES = 3
/** From here on nothing more is sent; Telegram waits for 60 s, a person for less. */
const UPDATE_MS = 9_000
const PUBLISH_MS = 5_000
const SORRY_MS = 3_000
/** One update in so many also clears away the old ones. */
const CLEANING = 256

export interface Outside {
  botId: number
  /** Whether a request's secret is the configured one. */
  isSecret(given: string | string[] | undefined): boolean
  deferral: ReturnType<typeof deferral>
  updates: TelegramUpdates
  desk: Desk
  publish: Publish
  /** Loads the library with its first use. */
  openBot(answer: (asked: Asked, speak: Speak) => Promise<void>): Promise<BotPort>
}

/** Come again: 503 with Retry-After, which Telegram honours. */
const later = (seconds: number) => ({
  status: 503,
  headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) },
})
/** Telegram takes any 2xx for done, and would carry out a method named in a JSON body: so the body is empty. */
const taken = { status: 200 }

/** The public function: Telegram's updates come in, answers go out in the same request, and what must happen elsewhere is published. */
export const telegramWebhook = (outside: Outside) => {
  const { botId, updates, desk, publish } = outside
  let opened: Promise<BotPort> | undefined
  const bot = () => {
    opened ??= outside.openBot(answer).catch(error => {
      opened = undefined
      throw error
    })
    return opened
  }

  /** What an update asks is done, then told to the other functions, then answered: who reads "done" can rely on it. */
  const answer = async (asked: Asked, speak: Speak): Promise<void> => {
    const { chatId } = asked.place
    const cause = causeOf(botId, asked.updateId)
    const { effects, events = [] } = await conversation(asked, desk, cause)
    if (events.length > 0) await within(PUBLISH_MS, 'the broker', publish(events))
    const faults = await spoken(chatId, speak, effects)
    if (faults.length === 0) return
    const refusals = faults.map(({ code, reason }, at) =>
      MessageRefused.from(cause, {
        key: String(at),
        subject: `chat/${chatId}`,
        data: { chatId, message: cause.id, code, reason },
      }),
    )
    await within(PUBLISH_MS, 'the broker', publish(refusals))
    if (faults.some(({ delivered }) => !delivered)) await apologise(chatId, speak, 'sorryForGood')
  }

  const spoken = async (chatId: number, speak: Speak, effects: Effect[]): Promise<Fault[]> => {
    try {
      return await speak(effects)
    } catch (error) {
      if (error instanceof TelegramError && error.migrateTo !== undefined) {
        await desk.chats.migrate(chatId, error.migrateTo)
        return speak(effects, error.migrateTo)
      }
      if (!(error instanceof ChatGone)) throw error
      await desk.chats.markUnreachable(chatId, error.message)
      return error.fault ? [{ ...error.fault, delivered: true }] : []
    }
  }

  /** Best effort: whoever cannot be told why there is no answer is no worse off. */
  const apologise = async (chatId: number, speak: Speak, how: 'sorry' | 'sorryForGood'): Promise<void> => {
    try {
      const language = (await desk.chats.find(chatId))?.language ?? 'pt-BR'
      await speak([{ do: 'send', view: { html: words[language][how]() } }])
    } catch (error) {
      desk.warn('nor could the chat be told', error)
    }
  }

  const defer = async (update: Update): Promise<void> => {
    await within(PUBLISH_MS, 'the broker', publish([outside.deferral.event(update)]))
    await updates.defer(botId, update.update_id)
    const where = (await bot()).placeOf(update, AbortSignal.timeout(SORRY_MS))
    if (where) await apologise(where.place.chatId, where.speak, 'sorry')
  }

  const handled = async (update: Update): Promise<void> => {
    await (await bot()).handle(update, AbortSignal.timeout(UPDATE_MS))
    await updates.done(botId, update.update_id)
    if (update.update_id % CLEANING === 0) await updates.forgetOld()
  }

  /** One update from Telegram: once, however often it comes. */
  const fromTelegram = async (update: Update, { log }: Pick<Context, 'log'>) => {
    const id = update.update_id
    const lease = await updates.lease(botId, id, 'telegram')
    if (lease.state === 'done' || lease.state === 'deferred') return taken
    if (lease.state === 'busy') return later(lease.seconds)
    const { attempts } = lease
    try {
      // An update that ends the process each time never gets to its catch: it is seen by its count.
      if (attempts <= MOST_FAILURES) {
        await handled(update)
        return taken
      }
    } catch (error) {
      log.warn({ error, update: id, attempts }, 'an update could not be handled')
      const mayWait = error instanceof TelegramError && error.code === 429
      if (mayWait || attempts < MOST_FAILURES) {
        await updates.release(botId, id, attempts, { counts: !mayWait })
        return later(mayWait ? (error.retryAfter ?? 1) : attempts)
      }
    }
    // Before it is published: the broker may be back with it before it has said yes.
    await updates.release(botId, id, attempts)
    await defer(update)
    log.error({ update: id, attempts }, 'an update was left to the broker')
    return taken
  }

  return {
    /** Looks at the head of a request only: a stranger's body is not read. */
    admit: ({ method, headers }) => {
      if (method !== 'POST') return 405
      return outside.isSecret(headers['x-telegram-bot-api-secret-token']) ? undefined : 401
    },

    handle: async ({ body }: Pick<HttpRequest, 'body'>, context: Pick<Context, 'log'>) => {
      const update = updateIn(body)
      if (!update) return { status: 400 }
      try {
        return await fromTelegram(update, context)
      } catch (error) {
        context.log.error({ error, update: update.update_id }, 'an update must come again')
        return later(5)
      }
    },

    admitEvent: (headers: IncomingHttpHeaders) => (outside.deferral.admits(headers) ? undefined : 401),

    /** An update that the broker brings back. It throws what goes wrong: the Trigger's retries and dead letters are for that. */
    deferred: async (event: EventOf<typeof UpdateDeferred>): Promise<void> => {
      if (!outside.deferral.genuine(event)) throw new Permanent(`${event.id} was not deferred by this function`)
      const { update } = event.data
      const lease = await updates.lease(botId, update.update_id, 'broker')
      if (lease.state === 'done' || lease.state === 'deferred') return
      if (lease.state === 'busy') throw new RetryLater('this update is being handled', lease.seconds)
      try {
        await handled(update)
      } catch (error) {
        await updates.release(botId, update.update_id, lease.attempts)
        if (error instanceof TelegramError && error.code === 429)
          throw new RetryLater(error.message, error.retryAfter ?? 1, { cause: error })
        throw error
      }
    },
  } satisfies HttpFace & Record<string, unknown>
}

/** The update in a request's body, or null where there is none. */
const updateIn = (body: Buffer): Update | null => {
  try {
    const update = JSON.parse(body.toString()) as Update | null
    return Number.isSafeInteger(update?.update_id) && update!.update_id >= 0 ? update : null
  } catch {
    return null
  }
}

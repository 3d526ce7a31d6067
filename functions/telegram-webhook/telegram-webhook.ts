import type { IncomingHttpHeaders } from 'node:http'
import type { TelegramUpdates } from '#database/chats/telegram-updates.ts'
import type { Cause, EventOf } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import type { UpdateDeferred } from '#events/update-deferred.ts'
import type { Clock } from '#functions/host/clock.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import type { Publish } from '#functions/host/publish.ts'
import type { Context, HttpHandler, HttpRequest } from '#functions/host/serve.ts'
import { TelegramError } from '#functions/telegram/client.ts'
import { type Asked, type BotPort, ChatGone, type Effect, type Fault, type Place, type Speak } from './bot.ts'
import { type Desk, within } from './context.ts'
import { conversation } from './conversation.ts'
import { causeOf, type deferral, refusalIn, type Update } from './deferral.ts'
import { postponed } from './postponed.ts'
import { type Received, readUpdate } from './read-update.ts'
import { words } from './words/words.ts'

/** A wait of this many seconds is left to Telegram, which brings the update again; for a longer one the answer goes to the outbox. */
const SHORT_WAIT_S = 3
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
  /** Loads the library with its first use. */
  openBot(): Promise<BotPort>
}

/** One attempt at an update: whether an earlier one may have answered it, and how this one publishes and speaks. */
interface Attempt {
  publish: Publish
  mayHaveAnswered: boolean
  speak?: Speak
}

/** An apology never follows an answer, so what is not known counts as answered. */
const mayHaveAnswered = ({ mayHaveAnswered, speak }: Attempt) => mayHaveAnswered || speak?.mayHaveSpoken() === true

/** Come again: 503 with Retry-After, which Telegram honours. */
const later = (seconds: number) => ({
  status: 503,
  headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) },
})
/** Telegram takes any 2xx for done, and would carry out a method named in a JSON body: so the body is empty. */
const taken = { status: 200 }

/** The public function: Telegram's updates come in, answers go out in the same request, and what must happen elsewhere is published. */
export const telegramWebhook = (outside: Outside) => {
  const { botId, updates, desk } = outside
  let opened: Promise<BotPort> | undefined
  const bot = () => {
    opened ??= outside.openBot().catch(error => {
      opened = undefined
      throw error
    })
    return opened
  }

  /** Chats that Telegram told us to leave alone, until when. Of this process: another one hears it for itself. */
  const quiet = quietChats(desk.clock)

  /** What an update asks is done, then told to the other functions, then answered: who reads "done" can rely on it. */
  const answering =
    (attempt: Attempt) =>
    async (asked: Asked, speak: Speak): Promise<void> => {
      attempt.speak = speak
      const { publish } = attempt
      const { chatId } = asked.place
      const cause = causeOf(botId, asked.updateId)
      const { effects, events = [] } = await conversation(asked, desk, cause)
      if (events.length > 0) await within(PUBLISH_MS, 'the broker', publish(events))
      const faults = await spoken(asked.place, speak, effects, cause, publish)
      if (faults.length === 0) return
      const refusals = faults.map(({ code, reason }, at) =>
        MessageRefused.from(cause, {
          key: String(at),
          subject: `chat/${chatId}`,
          data: { chatId, message: cause.id, code, reason },
        }),
      )
      await within(PUBLISH_MS, 'the broker', publish(refusals))
      if (faults.some(({ delivered }) => !delivered) && !mayHaveAnswered(attempt))
        await apologise(asked.place, speak, 'sorryForGood')
    }

  const spoken = async (
    place: Place,
    speak: Speak,
    effects: Effect[],
    cause: Cause,
    publish: Publish,
  ): Promise<Fault[]> => {
    const { chatId } = place
    const notes = effects.filter(effect => effect.do === 'toast')
    const messages = effects.filter(effect => effect.do !== 'toast')
    const until = quiet.until(chatId)
    if (until !== null && messages.length > 0) {
      await toOutbox(place, messages, cause, until, publish)
      // The answer is on its way: a note that is lost does not repeat the update.
      return speak(notes).catch(() => [])
    }
    try {
      return await speak(effects)
    } catch (error) {
      if (error instanceof TelegramError && error.migrateTo !== undefined) {
        await desk.chats.migrate(chatId, error.migrateTo)
        return speak(effects, error.migrateTo)
      }
      if (isLongFlood(error) && !speak.mayHaveSpoken()) {
        await toOutbox(place, messages, cause, quiet.add(chatId, error.retryAfter!), publish)
        return []
      }
      if (!(error instanceof ChatGone)) throw error
      await desk.chats.markUnreachable(chatId, error.message)
      return error.fault ? [{ ...error.fault, delivered: true }] : []
    }
  }

  /** The outbox sends it when Telegram allows it: nothing waits in this request, and the update is done. */
  const toOutbox = (
    place: Place,
    messages: MessageEffect[],
    cause: Cause,
    notBefore: Date,
    publish: Publish,
  ): Promise<void> =>
    within(
      PUBLISH_MS,
      'the broker',
      publish(messages.map(({ view }, at) => postponed(view, { place, cause, notBefore, key: `answer-${at}` }))),
    )

  /** Best effort: whoever cannot be told why there is no answer is no worse off. */
  const apologise = async ({ chatId, language }: Place, speak: Speak, how: 'sorry' | 'sorryForGood'): Promise<void> => {
    try {
      const chat = await desk.chats.find(chatId).catch(() => null)
      await speak([{ do: 'send', view: { html: words[chat?.language ?? language][how]() } }])
    } catch (error) {
      desk.warn('nor could the chat be told', error)
    }
  }

  /** The broker takes over. `refusal`: why the update itself cannot be kept; then only its number goes, and ends as a dead letter. */
  const defer = async (update: Update, attempts: number, attempt: Attempt, refusal?: string): Promise<void> => {
    const id = update.update_id
    // Before the broker has it: the answer that follows from there would otherwise overtake the apology.
    if (refusal === undefined && !mayHaveAnswered(attempt) && (await updates.mayApologise(botId, id, attempts))) {
      const where = placeOf(await bot(), update)
      if (where) await apologise(where.place, where.speak, 'sorry')
    }
    // Before it is published: the broker may be back with it before it has said yes.
    await updates.release(botId, id, attempts, { mayHaveAnswered: mayHaveAnswered(attempt) })
    const event = deferralOf(outside.deferral, update, refusal)
    const { publish } = attempt
    try {
      await within(PUBLISH_MS, 'the broker', publish([event]))
    } catch (error) {
      if (!(error instanceof Permanent)) throw error
      await within(PUBLISH_MS, 'the broker', publish([outside.deferral.refused(id, error.message)]))
    }
    await updates.defer(botId, id)
  }

  const handled = async (update: Update, attempt: Attempt): Promise<void> => {
    await (await bot()).handle(update, AbortSignal.timeout(UPDATE_MS), answering(attempt))
    // A crash between the answer and this line answers twice; to note it first could lose the answer. We choose the repeat.
    await updates.done(botId, update.update_id)
    if (update.update_id % CLEANING === 0) await updates.deleteOld()
  }

  /** One update from Telegram: once, however often it comes. */
  const fromTelegram = async ({ update, refusal }: Received, { log, publish }: Pick<Context, 'log' | 'publish'>) => {
    const id = update.update_id
    const lease = await updates.lease(botId, id, 'telegram')
    if (lease.state === 'done' || lease.state === 'deferred') return taken
    if (lease.state === 'busy') return later(lease.seconds)
    const { attempts } = lease
    const attempt: Attempt = { publish, mayHaveAnswered: lease.mayHaveAnswered }
    try {
      // An update that ends the process each time never gets to its catch: it is seen by its count.
      if (attempts <= MOST_FAILURES && refusal === undefined) {
        await handled(update, attempt)
        return taken
      }
    } catch (error) {
      log.warn({ error, update: id, attempts }, 'an update could not be handled')
      const mayWait = error instanceof TelegramError && error.code === 429
      if (mayWait || attempts < MOST_FAILURES) {
        await updates.release(botId, id, attempts, { counts: !mayWait, mayHaveAnswered: mayHaveAnswered(attempt) })
        return later(mayWait ? (error.retryAfter ?? 1) : attempts)
      }
    }
    await defer(update, attempts, attempt, refusal)
    log.error({ update: id, attempts, refusal }, 'an update was left to the broker')
    return taken
  }

  return {
    /** Looks at the head of a request only: a stranger's body is not read. */
    admit: ({ method, headers }) => {
      if (method !== 'POST') return 405
      return outside.isSecret(headers['x-telegram-bot-api-secret-token']) ? undefined : 401
    },

    handle: async ({ body }: Pick<HttpRequest, 'body'>, context: Pick<Context, 'log' | 'publish'>) => {
      const received = readUpdate(body)
      if (!received) return { status: 400 }
      try {
        return await fromTelegram(received, context)
      } catch (error) {
        context.log.error({ error, update: received.update.update_id }, 'an update must come again')
        return later(5)
      }
    },

    admitEvent: (headers: IncomingHttpHeaders) => (outside.deferral.admits(headers) ? undefined : 401),

    /** An update that the broker brings back. It throws what goes wrong: the Trigger's retries and dead letters are for that. */
    deferred: async (event: EventOf<typeof UpdateDeferred>, { publish }: Pick<Context, 'publish'>): Promise<void> => {
      if (!outside.deferral.genuine(event)) throw new Permanent(`${event.id} was not deferred by this function`)
      const { update } = event.data
      const refusal = refusalIn(update)
      if (refusal !== null) throw new Permanent(`update ${update.update_id} cannot be handled: ${refusal}`)
      const lease = await updates.lease(botId, update.update_id, 'broker')
      if (lease.state === 'done' || lease.state === 'deferred') return
      if (lease.state === 'busy') throw new RetryLater('this update is being handled', lease.seconds)
      const attempt: Attempt = { publish, mayHaveAnswered: lease.mayHaveAnswered }
      try {
        await handled(update, attempt)
      } catch (error) {
        await updates.release(botId, update.update_id, lease.attempts, { mayHaveAnswered: mayHaveAnswered(attempt) })
        if (error instanceof TelegramError && error.code === 429)
          throw new RetryLater(error.message, error.retryAfter ?? 1, { cause: error })
        throw error
      }
    },
  } satisfies HttpHandler & Record<string, unknown>
}

type MessageEffect = Exclude<Effect, { do: 'toast' }>

const isLongFlood = (error: unknown): error is TelegramError =>
  error instanceof TelegramError && error.code === 429 && (error.retryAfter ?? 0) > SHORT_WAIT_S

/** Where an update came from; null too for one that has the shape of no update. */
const placeOf = (bot: BotPort, update: Update): ReturnType<BotPort['placeOf']> => {
  try {
    return bot.placeOf(update, AbortSignal.timeout(SORRY_MS))
  } catch {
    return null
  }
}

const deferralOf = (events: ReturnType<typeof deferral>, update: Update, refusal: string | undefined) =>
  refusal === undefined ? events.event(update) : events.refused(update.update_id, refusal)

const quietChats = (clock: Clock) => {
  const ends = new Map<number, Date>()
  return {
    /** Until when a chat is left alone; null where it is not. */
    until: (chatId: number): Date | null => {
      const end = ends.get(chatId)
      return end !== undefined && end > clock() ? end : null
    },
    add: (chatId: number, seconds: number): Date => {
      const now = clock()
      for (const [other, end] of ends) if (end <= now) ends.delete(other)
      const end = new Date(now.getTime() + seconds * 1000)
      ends.set(chatId, end)
      return end
    },
  }
}

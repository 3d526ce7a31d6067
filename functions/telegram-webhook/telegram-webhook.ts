import type { IncomingHttpHeaders } from 'node:http'
import type { TelegramUpdates } from '#database/chats/telegram-updates.ts'
import type { EventOf } from '#events/event.ts'
import type { UpdateDeferred } from '#events/update-deferred.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import type { Context, HttpHandler, HttpRequest } from '#functions/host/serve.ts'
import { withTimeout } from '#functions/host/timeout.ts'
import { TelegramError } from '#functions/telegram/client.ts'
import { administratorsOf } from './administrators.ts'
import { type Attempt, answerUpdate, mayHaveAnswered } from './answer-update.ts'
import type { Dependencies } from './context.ts'
import { type DecodedUpdate, decodeUpdate } from './decode-update.ts'
import { deferUpdate } from './defer-update.ts'
import { type DeferredUpdates, refusalIn, type Update } from './deferred-update.ts'
import { pausedChats } from './paused-chats.ts'
import type { TelegramApi } from './telegraf-client.ts'

/**
 * After this many failed attempts the update is handed to the broker, because Telegram holds back the chat's next
 * updates while it repeats this one.
 */
const maxAttempts = 3
/**
 * The timeout of one attempt at an update. It is longer than the time limit for sending the messages (`sendTimeoutMs`).
 */
const attemptTimeoutMs = 10_000
/** One of this many updates also deletes old rows of the table `telegram_update`. */
const updatesPerCleanup = 256

export interface WebhookDependencies {
  botId: number
  /** Whether a request's secret is the configured one. */
  isSecret(given: string | string[] | undefined): boolean
  deferredUpdates: DeferredUpdates
  updates: TelegramUpdates
  conversation: Dependencies
  /** Loads Telegraf. */
  openTelegram(): Promise<TelegramApi>
}

/** 503 with Retry-After: Telegram sends the update again after that time. */
const retryLater = (seconds: number) => ({
  status: 503,
  headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) },
})
/**
 * For Telegram any 2xx means that the update is done. The body is empty, because Telegram executes a method named in a
 * JSON body.
 */
const done = { status: 200 }

/**
 * The public function: takes updates from Telegram, sends the replies during the same request, and publishes events for
 * other functions. It is longer than 80 lines because both handlers share its Telegram client and its paused chats.
 */
export const telegramWebhook = (webhook: WebhookDependencies) => {
  const { botId, updates, deferredUpdates, conversation: deps } = webhook
  const telegram = memoizedUnlessFailed(webhook.openTelegram)
  const answering = {
    botId,
    deps,
    telegram,
    paused: pausedChats(deps.clock),
    administrators: administratorsOf(deps.clock),
  }
  const deferring = { botId, deps, telegram, updates, deferredUpdates }

  const handleUpdate = async (update: Update, attempt: Attempt): Promise<void> => {
    await withTimeout(attemptTimeoutMs, 'the answer to the update', answerUpdate(answering, update, attempt))
    // If the process ends between the reply and this line, the reply is sent twice. The other order could lose the
    // reply.
    await updates.done(botId, update.update_id)
    if (update.update_id % updatesPerCleanup === 0) await updates.deleteOld()
  }

  /** Handles an update from Telegram once, however often Telegram sends it. */
  const fromTelegram = async (
    { update, refusal }: DecodedUpdate,
    { log, publish }: Pick<Context, 'log' | 'publish'>,
  ) => {
    const id = update.update_id
    const lease = await updates.lease(botId, id, 'telegram')
    if (lease.state === 'done' || lease.state === 'deferred') return done
    if (lease.state === 'busy') return retryLater(lease.seconds)
    const { attempts } = lease
    const attempt: Attempt = { publish, earlierMayHaveAnswered: lease.mayHaveAnswered }
    try {
      // An update that crashes the process never reaches the catch below, so the number of attempts is also checked
      // before the attempt.
      if (attempts <= maxAttempts && refusal === undefined) {
        await handleUpdate(update, attempt)
        return done
      }
    } catch (error) {
      log.warn({ error, update: id, attempts }, 'an update could not be handled')
      const isFlood = error instanceof TelegramError && error.code === 429
      if (isFlood || attempts < maxAttempts) {
        await updates.release(botId, id, attempts, { counts: !isFlood, mayHaveAnswered: mayHaveAnswered(attempt) })
        return retryLater(isFlood ? (error.retryAfter ?? 1) : attempts)
      }
    }
    await deferUpdate(deferring, { update, attempts, refusal }, attempt)
    log.error({ update: id, attempts, refusal }, 'an update was handed to the broker')
    return done
  }

  /**
   * Handles an update that the broker delivers. Errors are thrown, because the Trigger's retries and dead letters
   * handle them.
   */
  const fromBroker = async (
    event: EventOf<typeof UpdateDeferred>,
    { publish }: Pick<Context, 'publish'>,
  ): Promise<void> => {
    if (!deferredUpdates.isGenuine(event)) throw new Permanent(`${event.id} was not deferred by this function`)
    const { update } = event.data
    const refusal = refusalIn(update)
    if (refusal !== null) throw new Permanent(`update ${update.update_id} cannot be handled: ${refusal}`)
    const lease = await updates.lease(botId, update.update_id, 'broker')
    if (lease.state === 'done' || lease.state === 'deferred') return
    if (lease.state === 'busy') throw new RetryLater('another attempt at this update is running', lease.seconds)
    const attempt: Attempt = { publish, earlierMayHaveAnswered: lease.mayHaveAnswered }
    try {
      await handleUpdate(update, attempt)
    } catch (error) {
      await updates.release(botId, update.update_id, lease.attempts, { mayHaveAnswered: mayHaveAnswered(attempt) })
      if (error instanceof TelegramError && error.code === 429)
        throw new RetryLater(error.message, error.retryAfter ?? 1, { cause: error })
      throw error
    }
  }

  return {
    /** Checks the method and the secret before the body is read. */
    admit: ({ method, headers }) => {
      if (method !== 'POST') return 405
      return webhook.isSecret(headers['x-telegram-bot-api-secret-token']) ? undefined : 401
    },

    handle: async ({ body }: Pick<HttpRequest, 'body'>, context: Pick<Context, 'log' | 'publish'>) => {
      const decoded = decodeUpdate(body)
      if (!decoded) return { status: 400 }
      try {
        return await fromTelegram(decoded, context)
      } catch (error) {
        context.log.error({ error, update: decoded.update.update_id }, 'an update was returned to Telegram')
        return retryLater(5)
      }
    },

    admitEvent: (headers: IncomingHttpHeaders) => (deferredUpdates.admits(headers) ? undefined : 401),

    deferred: fromBroker,
  } satisfies HttpHandler & Record<string, unknown>
}

/** Calls `open` at the first call, and again only after an error. All callers get the same result. */
const memoizedUnlessFailed = <T>(open: () => Promise<T>): (() => Promise<T>) => {
  let opened: Promise<T> | undefined
  return () => {
    opened ??= open().catch(error => {
      opened = undefined
      throw error
    })
    return opened
  }
}

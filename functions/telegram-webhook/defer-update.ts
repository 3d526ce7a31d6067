import type { TelegramUpdates } from '#database/chats/telegram-updates.ts'
import { Permanent } from '#functions/host/errors.ts'
import { type AnswerDependencies, type Attempt, apologise, mayHaveAnswered, publishInTime } from './answer-update.ts'
import type { DeferredUpdates, Update } from './deferred-update.ts'
import { originOf } from './parse-update.ts'
import type { Origin } from './request.ts'
import { createSender } from './sender.ts'

const apologyTimeoutMs = 3_000

export interface DeferDependencies extends Pick<AnswerDependencies, 'botId' | 'deps' | 'telegram'> {
  updates: TelegramUpdates
  deferredUpdates: DeferredUpdates
}

/** An update whose attempts failed. `refusal` is the reason why it can never be handled; undefined if there is none. */
interface FailedUpdate {
  update: Update
  attempts: number
  refusal: string | undefined
}

/**
 * Hands an update to the broker, whose Trigger retries it. With a `refusal`, or if the broker refuses the complete
 * event (it may be too large), the event contains only the id of the update and the reason, and becomes a dead letter.
 */
export const deferUpdate = async (
  dependencies: DeferDependencies,
  { update, attempts, refusal }: FailedUpdate,
  attempt: Attempt,
): Promise<void> => {
  const { botId, updates, deferredUpdates } = dependencies
  const id = update.update_id
  // Apologise before publishing, because the reply from the broker's attempt could otherwise arrive before the apology.
  if (refusal === undefined && !mayHaveAnswered(attempt) && (await updates.claimApology(botId, id, attempts)))
    await apologiseFor(update, dependencies)
  // Release the lease before publishing, because the broker may deliver the event before `publish` returns.
  await updates.release(botId, id, attempts, { mayHaveAnswered: mayHaveAnswered(attempt) })
  const event = refusal === undefined ? deferredUpdates.event(update) : deferredUpdates.refused(id, refusal)
  try {
    await publishInTime(attempt.publish, [event])
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    await publishInTime(attempt.publish, [deferredUpdates.refused(id, error.message)])
  }
  await updates.defer(botId, id)
}

const apologiseFor = async (update: Update, { deps, telegram }: DeferDependencies): Promise<void> => {
  const api = await telegram()
  const origin = originOrNull(update)
  if (origin === null) return
  const { chatId, threadId } = origin
  const recipient = { chatId, ...(threadId === undefined ? {} : { threadId }) }
  await apologise(deps, origin, createSender(api, recipient, AbortSignal.timeout(apologyTimeoutMs)), 'sorryWithRetry')
}

/**
 * Where an update comes from; null if the bot does not handle it, or if its fields have other types than Telegram's.
 */
const originOrNull = (update: Update): Origin | null => {
  try {
    return originOf(update)
  } catch {
    return null
  }
}

import { asError } from '#functions/host/errors.ts'
import type { Logger } from '#functions/host/log.ts'
import { TelegramError } from '#functions/telegram/client.ts'
import { refusalOf } from '#functions/telegram/refusals.ts'
import { type NotifyDependencies, notifyOperators } from './notify-operators.ts'
import type { Operators } from './operators.ts'

/** What a process remembers about its calls to the operators' chat. */
export interface NotifierState {
  isRunning: boolean
  /** Whether a fault was stored during the run. If so, another run follows at once. */
  runAgain: boolean
  /** Before this time, in milliseconds, only ticks may call Telegram, because the last call failed. */
  onlyTicksUntil: number
  /** Before this time, in milliseconds, nothing may call Telegram, because Telegram asked for a wait. */
  floodUntil: number
}

export const newNotifierState = (): NotifierState => ({
  isRunning: false,
  runAgain: false,
  onlyTicksUntil: 0,
  floodUntil: 0,
})

/** For this long after a failure, only a tick makes another attempt. */
const failureBackoffMs = 60_000

/** The wait after a 429 without `retry_after`. */
const defaultFloodWaitS = 60

interface Dependencies extends Omit<NotifyDependencies, 'operators'> {
  operators: Operators | undefined
  notifierState: NotifierState
  log: Logger
}

/**
 * Notifies the operators, unless no operators' chat is configured, another request of this process is notifying them,
 * or calls are paused after a failure. Never throws: notices that could not be sent stay in the database, and a tick
 * sends them.
 */
export const notifyUnlessPaused = async (dependencies: Dependencies, { isTick = false } = {}): Promise<void> => {
  const { operators, notifierState: state, log, clock } = dependencies
  if (operators === undefined) return
  if (state.isRunning) {
    state.runAgain = true
    return
  }
  const now = clock().getTime()
  if (now < state.floodUntil || (!isTick && now < state.onlyTicksUntil)) return
  state.isRunning = true
  try {
    do {
      state.runAgain = false
      await notifyOperators({ ...dependencies, operators })
    } while (state.runAgain)
  } catch (thrown) {
    const error = asError(thrown)
    const failedAt = clock().getTime()
    state.onlyTicksUntil = failedAt + failureBackoffMs
    const refusal = error instanceof TelegramError ? refusalOf(error) : undefined
    // Ticks must wait too, because Telegram extends the wait if a call comes before its end.
    if (refusal?.kind === 'flood') state.floodUntil = failedAt + (refusal.retryAfterS ?? defaultFloodWaitS) * 1000
    log.warn({ error }, `the operators could not be notified; a later tick tries again: ${error.message}`)
  } finally {
    state.isRunning = false
  }
}

import { type Telegram, TelegramError, TelegramUnreachable, telegram } from '#functions/telegram/client.ts'
import { realTime, type Time } from '#simulators/time.ts'
import { type CommandMenu, retryAfterS, updateProfile } from './telegram-profile.ts'
import { allowedUpdates, maxConnections, type Update, updateQueues, type WebhookRequest } from './update-queues.ts'

export interface BridgeOptions {
  /** The address of the Bot API, without a slash at its end. */
  apiRoot: string
  token: string
  /**
   * The value that the webhook function expects in the header `X-Telegram-Bot-Api-Secret-Token`: 1 to 256 characters of
   * A-Z a-z 0-9 _ -.
   */
  webhookSecret: string
  /**
   * The URL at which Telegram reaches the webhook function. Without it the bridge fetches updates and delivers them
   * itself.
   */
  publicUrl?: string
  /** Posts an update to the webhook function. Throws if the function cannot be reached. */
  deliver(request: WebhookRequest): Promise<{ status: number; retryAfter?: string | undefined }>
  menu: CommandMenu
  /** Gets a sentence when Telegram or a delivery fails, and when Telegram answers again. */
  say(text: string): void
  time?: Time
}

export interface TelegramBridge {
  /**
   * `starting`; then `webhook` or `polling` once Telegram has accepted the connection; `retrying` while the last call
   * failed and is tried again; `refused` after an error that a retry cannot solve.
   */
  state(): 'starting' | 'webhook' | 'polling' | 'retrying' | 'refused' | 'stopped'
  /** Ends the connection. Telegram keeps the updates that were not delivered and sends them again later. */
  stop(): void
}

/** How long Telegram waits for a new update before it answers a long poll. */
const pollS = 25
/** How often newer updates, perhaps of other chats, are fetched while older updates still wait for the function. */
const pollAgainMs = 200
const longestPauseMs = 60_000

/**
 * Connects a bot of Telegram (or of the simulator) with the webhook function on this machine, and keeps it connected.
 */
export const startTelegramBridge = (options: BridgeOptions): TelegramBridge => {
  const { publicUrl, webhookSecret, menu, say } = options
  const time = options.time ?? realTime()
  const api = telegram(options)
  let state: ReturnType<TelegramBridge['state']> = 'starting'
  const isStopped = () => state === 'stopped'
  const setState = (next: typeof state) => {
    if (!isStopped()) state = next
  }
  const { pause, endAll: endPauses } = pauses(time)

  /**
   * Repeats `work` until it succeeds; returns false if Telegram refused it for good, or if the bridge was stopped.
   * `onState` gets the new state after a failure.
   */
  const retry = async (work: () => Promise<void>, onState: typeof setState): Promise<boolean> => {
    let lastProblem = ''
    for (let attempts = 0; !isStopped(); attempts++) {
      try {
        await work()
        if (lastProblem !== '') say('Telegram answers again.')
        return true
      } catch (error) {
        if (isStopped()) return false
        const problem = describeProblem(error, publicUrl)
        if (problem !== lastProblem) say(problem)
        lastProblem = problem
        if (isFinal(error)) {
          onState('refused')
          return false
        }
        onState('retrying')
        const waitS = retryAfterS(error)
        await pause(waitS === undefined ? backoffMs(attempts) : waitS * 1000)
      }
    }
    return false
  }

  const connect = async () => {
    if (publicUrl === undefined) await api.call('deleteWebhook', {})
    else
      await api.call('setWebhook', {
        url: publicUrl,
        secret_token: webhookSecret,
        allowed_updates: allowedUpdates,
        max_connections: maxConnections,
      })
    setState(publicUrl === undefined ? 'polling' : 'webhook')
  }

  const run = async () => {
    if (!(await retry(connect, setState))) return
    // The bot's profile is changed while updates are fetched. The updates do not wait for the profile, and they do not
    // stop if the profile cannot be changed.
    const profile = retry(
      () => updateProfile(api, menu),
      () => {},
    )
    if (publicUrl === undefined) await poll()
    await profile
  }

  const queues = updateQueues({ ...options, time, pause, isStopped, backoffMs })

  /**
   * Fetches updates and puts them into their queues. Telegram forgets the updates before the offset, so the offset
   * stays at the oldest update that the function has not taken. Later updates come again with each answer and are
   * skipped.
   */
  const poll = async () => {
    const known = new Set<number>()
    let next = 0
    while (!isStopped()) {
      const oldest = queues.oldest()
      const offset = oldest ?? next
      for (const id of known) if (id < offset) known.delete(id)
      let fresh: Update[] = []
      const isFetched = await retry(async () => {
        const updates = await fetchUpdates(api, offset, oldest === undefined ? pollS : 0)
        fresh = updates.filter(({ update_id }) => !known.has(update_id))
        setState('polling')
      }, setState)
      if (!isFetched) return
      for (const update of fresh) {
        known.add(update.update_id)
        next = Math.max(next, update.update_id + 1)
        queues.add(update)
      }
      // Telegram would at once answer with the updates that still wait in the queues. So the next fetch waits until one
      // of them is taken, or for `pollAgainMs`.
      if (queues.oldest() !== undefined) await Promise.race([pause(pollAgainMs), queues.nextTaken()])
    }
  }

  run().catch(error => {
    setState('refused')
    say(`The connection to Telegram ended: ${error instanceof Error ? error.message : String(error)}`)
  })

  return {
    state: () => state,
    stop: () => {
      state = 'stopped'
      endPauses()
    },
  }
}

/** Pauses that can all be ended at once. */
const pauses = (time: Time) => {
  const ends = new Set<() => void>()
  return {
    pause: (ms: number): Promise<void> =>
      new Promise(resolve => {
        const end = () => {
          cancel()
          ends.delete(end)
          resolve()
        }
        const cancel = time.after(ms, end)
        ends.add(end)
      }),
    endAll: () => {
      for (const end of [...ends]) end()
    },
  }
}

const fetchUpdates = (api: Telegram, offset: number, timeout: number): Promise<Update[]> =>
  api.call<Update[]>(
    'getUpdates',
    { offset, timeout, allowed_updates: allowedUpdates },
    { timeoutMs: (timeout + 10) * 1000 },
  )

/** The pause after `attempts` failures: one second, doubled each time, at most a minute. */
const backoffMs = (attempts: number): number => Math.min(longestPauseMs, 1000 * 2 ** attempts)

/**
 * Whether a retry would get the same answer. A conflict (409) means that another program reads the updates of the bot.
 * It is not final, because that program may be stopped.
 */
const isFinal = (error: unknown): boolean => error instanceof TelegramError && ![409, 429].includes(error.code)

const describeProblem = (error: unknown, publicUrl: string | undefined): string => {
  if (error instanceof TelegramError) {
    switch (error.code) {
      case 401:
      case 404:
        return `Telegram does not know this token (${error.code}): TELEGRAM_BOT_TOKEN is mistyped or was revoked at @BotFather. See README, "Your own bot".`
      case 409:
        return 'Another program reads the updates of this bot (409). Stop that program, or give one of the two programs the token of another bot; until then Vigia gets no messages.'
      case 429:
        return `Telegram asks for a pause of ${error.retryAfter ?? 1} s. Vigia tries again after that.`
      default:
        return error.method !== 'setWebhook'
          ? `Telegram refused ${error.method}: ${error.description}.`
          : `Telegram refused ${error.method} for PUBLIC_URL=${publicUrl}: ${error.description}. PUBLIC_URL must be https on port 443, 80, 88 or 8443, reachable from the internet.`
    }
  }
  if (error instanceof TelegramUnreachable) return `Telegram cannot be reached (${error.message}). Vigia tries again.`
  throw error
}

import { type Telegram, TelegramError, TelegramUnreachable, telegram } from '#functions/telegram/client.ts'
import { realTime, type Time } from '#simulators/time.ts'
import { type CommandMenu, keepProfile, leaveAloneS } from './telegram-profile.ts'

/** A request to the webhook function, as Telegram would make it. */
export interface WebhookRequest {
  headers: Record<string, string>
  body: string
}

export interface BridgeOptions {
  /** Without a slash at its end. */
  apiRoot: string
  token: string
  /** What the webhook function compares `X-Telegram-Bot-Api-Secret-Token` with; 1 to 256 of A-Z a-z 0-9 _ -. */
  webhookSecret: string
  /** Where Telegram reaches the webhook function. Without it we ask Telegram for updates and hand them on. */
  publicUrl?: string
  /** Posts an update to the webhook function. Throws where it cannot be reached. */
  deliver(request: WebhookRequest): Promise<{ status: number; retryAfter?: string | undefined }>
  menu: CommandMenu
  /** Hears, in words, of what goes wrong and when it is right again. */
  say(words: string): void
  time?: Time
}

export interface TelegramBridge {
  /**
   * `starting`; `webhook` or `polling` once Telegram has agreed; `trouble` while it does not answer as it should; `refused` when trying
   * again cannot help.
   */
  state(): 'starting' | 'webhook' | 'polling' | 'trouble' | 'refused' | 'stopped'
  /** Updates not handed on stay with Telegram and come again. */
  stop(): void
}

export const ALLOWED_UPDATES = ['message', 'callback_query', 'my_chat_member']

const MAX_CONNECTIONS = 20
const POLL_S = 25
/** While an update waits for the function, newer ones of other chats are looked for this often. */
const LOOK_AGAIN_MS = 200
const LONGEST_PAUSE_MS = 60_000
const LIFE_MS = { message: 24 * 3_600_000, callback_query: 150_000 }

interface Update {
  update_id: number
  message?: { date?: number; chat?: { id?: number } }
  callback_query?: { from?: { id?: number } }
  my_chat_member?: { chat?: { id?: number } }
}

/** Connects a bot at Telegram (or the simulator) with the webhook function on this machine, and keeps it connected. */
export const startTelegramBridge = (options: BridgeOptions): TelegramBridge => {
  const { publicUrl, webhookSecret, deliver, menu, say } = options
  const time = options.time ?? realTime()
  const api = telegram(options)
  let state: ReturnType<TelegramBridge['state']> = 'starting'
  const stopped = () => state === 'stopped'
  const become = (next: typeof state) => {
    if (!stopped()) state = next
  }
  const pauses = new Set<() => void>()
  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      const end = () => {
        cancel()
        pauses.delete(end)
        resolve()
      }
      const cancel = time.after(ms, end)
      pauses.add(end)
    })

  /** Does something at Telegram until it works; false where it never will, or we have been stopped. Tells `on` how it stands. */
  const persist = async (work: () => Promise<void>, on: typeof become): Promise<boolean> => {
    let said = ''
    for (let tries = 0; !stopped(); tries++) {
      try {
        await work()
        if (said !== '') say('Telegram answers again.')
        return true
      } catch (error) {
        if (stopped()) return false
        const words = wordsFor(error, publicUrl)
        if (words !== said) say(words)
        said = words
        if (isFinal(error)) {
          on('refused')
          return false
        }
        on('trouble')
        await pause(leaveAloneS(error) === undefined ? backoffMs(tries) : (leaveAloneS(error) ?? 1) * 1000)
      }
    }
    return false
  }

  const run = async () => {
    const connected = await persist(async () => {
      if (publicUrl === undefined) await api.call('deleteWebhook', {})
      else {
        await api.call('setWebhook', {
          url: publicUrl,
          secret_token: webhookSecret,
          allowed_updates: ALLOWED_UPDATES,
          max_connections: MAX_CONNECTIONS,
        })
      }
      become(publicUrl === undefined ? 'polling' : 'webhook')
    }, become)
    if (!connected) return
    // Beside the updates, which neither wait for the menu nor stop for it.
    const profile = persist(
      () => keepProfile(api, menu),
      () => {},
    )
    if (publicUrl === undefined) await poll()
    await profile
  }

  /** Updates that Telegram has given us and the function has not taken yet, by their number, and the same in their queues. */
  const inHand = new Set<number>()
  const queues = new Map<string, Update[]>()
  const slot = limiter(MAX_CONNECTIONS)
  let progress = () => {}

  /**
   * Asks for updates and hands those of different chats on side by side. Telegram forgets what lies before the offset, so the offset
   * stays at the oldest update that the function has not taken; what lies behind it comes again with each answer, and is known.
   */
  const poll = async () => {
    const known = new Set<number>()
    let next = 0
    while (!stopped()) {
      const offset = inHand.size === 0 ? next : Math.min(...inHand)
      for (const id of known) if (id < offset) known.delete(id)
      let fresh: Update[] = []
      const heard = await persist(async () => {
        const updates = await fetchUpdates(api, offset, inHand.size === 0 ? POLL_S : 0)
        fresh = updates.filter(({ update_id }) => !known.has(update_id))
        become('polling')
      }, become)
      if (!heard) return
      for (const update of fresh) {
        known.add(update.update_id)
        next = Math.max(next, update.update_id + 1)
        enqueue(update)
      }
      // Telegram would answer at once with what we have: the next look waits for an update that is taken, but not long.
      if (inHand.size > 0)
        await Promise.race([pause(LOOK_AGAIN_MS), new Promise<void>(resolve => (progress = resolve))])
    }
  }

  const enqueue = (update: Update) => {
    inHand.add(update.update_id)
    const key = queueOf(update)
    const queue = queues.get(key)
    if (queue !== undefined) return void queue.push(update)
    queues.set(key, [update])
    void emptyQueue(key)
  }

  /** One queue's updates, one after the other. */
  const emptyQueue = async (key: string) => {
    const queue = queues.get(key)!
    for (let update = queue[0]; update !== undefined; update = queue[0]) {
      await handOn(update)
      if (stopped()) return
      queue.shift()
      inHand.delete(update.update_id)
      progress()
    }
    queues.delete(key)
  }

  /** Until the function has taken it or it is too old to matter. A wait holds up its own queue only. */
  const handOn = async (update: Update) => {
    const firstAt = time.now().getTime()
    for (let tries = 0; !stopped(); tries++) {
      const outcome = await slot(() => handOnce(update))
      if (outcome === 'taken') return
      if (tries === 0)
        say(`telegram-webhook did not take update ${update.update_id} (${outcome.words}); it is offered again.`)
      const waitMs = outcome.retryAfterS > 0 ? outcome.retryAfterS * 1000 : tries === 0 ? 0 : backoffMs(tries - 1)
      if (time.now().getTime() + waitMs > expiryOf(update, firstAt)) {
        say(`Update ${update.update_id} was not taken in time and is dropped, as Telegram would.`)
        return
      }
      await pause(waitMs)
    }
  }

  const handOnce = async (update: Update): Promise<'taken' | { words: string; retryAfterS: number }> => {
    try {
      const { status, retryAfter } = await deliver({
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': webhookSecret },
        body: JSON.stringify(update),
      })
      if (status >= 200 && status <= 299) return 'taken'
      return { words: `it answered ${status}`, retryAfterS: Math.max(0, Number.parseInt(retryAfter ?? '', 10) || 0) }
    } catch (error) {
      return { words: error instanceof Error ? error.message : String(error), retryAfterS: 0 }
    }
  }

  run().catch(error => {
    become('refused')
    say(`The connection to Telegram ended: ${error instanceof Error ? error.message : String(error)}`)
  })

  return {
    state: () => state,
    stop: () => {
      state = 'stopped'
      for (const end of [...pauses]) end()
    },
  }
}

const fetchUpdates = (api: Telegram, offset: number, timeout: number): Promise<Update[]> =>
  api.call<Update[]>(
    'getUpdates',
    { offset, timeout, allowed_updates: ALLOWED_UPDATES },
    { timeoutMs: (timeout + 10) * 1000 },
  )

/** Telegram's own order: one after the other within a chat; presses and memberships run beside the messages. */
const queueOf = ({ message, callback_query, my_chat_member }: Update): string => {
  if (callback_query !== undefined) return `press ${callback_query.from?.id}`
  if (my_chat_member !== undefined) return `member ${my_chat_member.chat?.id}`
  return `chat ${message?.chat?.id}`
}

/** Runs at most `most` pieces of work at a time, in the order in which they were asked for. */
const limiter = (most: number) => {
  const waiting: (() => void)[] = []
  let running = 0
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < most) running++
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

const expiryOf = ({ message, callback_query }: Update, firstAt: number): number => {
  if (callback_query !== undefined) return firstAt + LIFE_MS.callback_query
  return (message?.date === undefined ? firstAt : message.date * 1000) + LIFE_MS.message
}

const backoffMs = (tries: number): number => Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** tries)

/** Trying again will hear the same. A conflict is not final: the other program may be stopped. */
const isFinal = (error: unknown): boolean => error instanceof TelegramError && ![409, 429].includes(error.code)

const wordsFor = (error: unknown, publicUrl: string | undefined): string => {
  if (error instanceof TelegramError) {
    switch (error.code) {
      case 401:
      case 404:
        return 'Telegram does not know this token (401): TELEGRAM_BOT_TOKEN is mistyped or was revoked at @BotFather. See README, "Your own bot".'
      case 409:
        return 'Another program reads the updates of this bot (409). Stop it, or give one of the two a token of its own; until then the bot gets no messages here.'
      case 429:
        return `Telegram asks for a pause of ${error.retryAfter ?? 1} s. Trying again after it.`
      default:
        return error.method !== 'setWebhook'
          ? `Telegram refused ${error.method}: ${error.description}.`
          : `Telegram refused ${error.method} for PUBLIC_URL=${publicUrl}: ${error.description}. It must be https on port 443, 80, 88 or 8443, reachable from the internet.`
    }
  }
  if (error instanceof TelegramUnreachable) return `Telegram cannot be reached (${error.message}). Trying again.`
  throw error
}

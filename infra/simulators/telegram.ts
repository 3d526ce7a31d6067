import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Clock } from '#functions/host/clock.ts'
import { listenOnLoopback } from './loopback-server.ts'
import { botApi, runFromWebhook } from './telegram/api-handler.ts'
import type { Update, WebhookInfo } from './telegram/bot-api.ts'
import type { Call } from './telegram/call-log.ts'
import { chatPage } from './telegram/chat-page.ts'
import { persistIn } from './telegram/conversation-file.ts'
import { addGroup, type GroupOptions, type SimulatedGroup } from './telegram/group.ts'
import type { InjectedError } from './telegram/injected-errors.ts'
import type { PhotoFetchResult } from './telegram/photo-fetches.ts'
import { type RateLimits, strictRates, usualRates } from './telegram/rate-limiter.ts'
import { addBot, type Bot, emptyState, privateChat, type TelegramState } from './telegram/state.ts'
import { transcript } from './telegram/transcript.ts'
import { addPerson, type SimulatedUser, simulatedUser } from './telegram/user.ts'
import { getWebhookInfo } from './telegram/webhook-methods.ts'
import type { DeliveryAttempt } from './telegram/webhook-sender.ts'
import { realTime, type Time } from './time.ts'

export type { SimulatedGroup } from './telegram/group.ts'
export type { ButtonPress, Participant, VisibleMessage } from './telegram/participant.ts'
export type { SimulatedUser } from './telegram/user.ts'
export type { Call, DeliveryAttempt, InjectedError, Update }

/** One bot in the simulator: the people and groups that it talks to, its calls, and the errors that a test injects. */
export interface SimulatedBot {
  readonly token: string
  readonly id: number
  readonly username: string
  /**
   * A person by first name or id; creates the person on the first call. `language` is Telegram's `language_code`
   * (`pt-br`, `en`).
   */
  user(who: string | number, options?: { language?: string }): SimulatedUser
  /** Creates a group. */
  group(title: string, options?: GroupOptions): SimulatedGroup
  /** The messages of all chats, or of one chat, as text with one line per message. */
  transcript(chatId?: number): string
  /** The calls of the Bot API, oldest first; only those of `method` if it is given. */
  calls(method?: string): Call[]
  forgetCalls(): void
  /** Makes the next calls of a method fail (`*` for any method). */
  failNext(method: string, error?: InjectedError): void
  clearInjectedErrors(): void
  /** Revokes the token: every call is answered 401. `revoke(false)` makes it valid again. */
  revoke(revoked?: boolean): void
  /** Sets the result of Telegram's download of a photo URL. */
  photo(url: string, result: PhotoFetchResult): void
  /** Delivers every update to the webhook a second time. */
  deliverTwice(on: boolean): void
  /** Delivers an update to the webhook again, even if the webhook has accepted it before. */
  redeliver(update: Update): void
  /** The attempts to deliver an update to the webhook, oldest first. */
  deliveries(): DeliveryAttempt[]
  webhookInfo(): WebhookInfo
  /** The updates that the bot has not received yet. */
  pending(): Update[]
}

export interface TelegramSimulator extends SimulatedBot {
  /** The value for TELEGRAM_API_ROOT: `http://127.0.0.1:1234`. */
  readonly url: string
  /** The operators' bot. Throws if the simulator was started without `opsToken`. */
  readonly operators: SimulatedBot
  /**
   * The person who uses the chat page. They have already opened the operators' chat, so their id can be
   * TELEGRAM_OPS_CHAT_ID. Throws if the simulator was started without `newcomer`.
   */
  readonly person: SimulatedUser
  /** Handles a request for a path below /chat; returns false for any other path. The caller checks Host and Origin. */
  chatPage(request: IncomingMessage, response: ServerResponse): boolean
  stop(): Promise<void>
}

export interface TelegramOptions {
  /** 0, the default, takes any free port. */
  port?: number
  botToken: string
  opsToken?: string
  clock?: Clock
  /** Clock and timers, for tests that control the time; the default is the real time. */
  time?: Time
  /**
   * How many messages a bot may send before it gets 429: `usual` (default), `strict`, other limits, or false for no
   * limit.
   */
  rates?: 'usual' | 'strict' | RateLimits | false
  /** Serves a chat page, on which one person talks to both bots. Needs `opsToken`. */
  newcomer?: NewcomerOptions
}

export interface NewcomerOptions {
  /** A file in which the conversation survives a restart. */
  conversationFile?: string
  /** Called with a line if the conversation file is damaged or cannot be written. */
  log?: (line: string) => void
  /** For the hints on the page: the time of the next episode of the show that airs every five minutes. */
  nextEpisode?: () => Date
  /** For the hints on the page: whether the test sites are served at `sites.localhost`. */
  hasSites?: boolean
}

/**
 * The Telegram id of the person on the chat page. The id is the same at every start, so the follows and monitors in the
 * database still belong to this person.
 */
export const newcomerId = 5_000_000_000

/** Starts a simulated Telegram on 127.0.0.1. It refuses what the real Bot API refuses, with the same errors. */
export const startTelegram = async (options: TelegramOptions): Promise<TelegramSimulator> => {
  const state = emptyState(options.time ?? realTime(options.clock))
  const { main, operators } = addBots(state, options)
  const newcomer = options.newcomer === undefined ? undefined : addNewcomer(state, main, operators, options.newcomer)
  const api = botApi(state)
  const server = createServer((request, response) => {
    api(request, response).catch(error => {
      const body = { ok: false, error_code: 500, description: `Internal Server Error: ${String(error)}` }
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  const { url, stop } = await listenOnLoopback(server, options.port)
  return {
    ...simulatedBot(state, main),
    url,
    get operators() {
      if (operators === undefined) throw new Error('there is no operators bot: start the simulator with opsToken')
      return simulatedBot(state, operators)
    },
    get person() {
      if (newcomer === undefined) throw new Error('there is no chat page: start the simulator with newcomer')
      return newcomer.person
    },
    chatPage: (request, response) => newcomer?.page.handle(request, response) ?? false,
    stop: async () => {
      await newcomer?.stop()
      for (const bot of state.bots.values()) bot.webhook.stop()
      await stop()
    },
  }
}

const addBots = (state: TelegramState, { botToken, opsToken, rates = 'usual' }: TelegramOptions) => {
  const options = {
    rates: rates === 'strict' ? strictRates : rates === 'usual' ? usualRates : rates,
    execute: (bot: Bot, method: string, args: Record<string, unknown>) => runFromWebhook(state, bot, method, args),
  }
  const main = addBot(state, { ...options, token: botToken, username: 'VigiaBot', name: 'Vigia' })
  const operators =
    opsToken === undefined
      ? undefined
      : addBot(state, { ...options, token: opsToken, username: 'VigiaOperatorsBot', name: 'Vigia · operadores' })
  return { main, operators }
}

/** Adds the person who uses the chat page, with the conversation of the last run, and the page itself. */
const addNewcomer = (state: TelegramState, main: Bot, operators: Bot | undefined, options: NewcomerOptions) => {
  if (operators === undefined) throw new Error('the option newcomer needs an opsToken')
  const { conversationFile, log, nextEpisode, hasSites } = options
  const finishWriting = conversationFile === undefined ? async () => {} : persistIn(conversationFile, state, log)
  const person = state.people.get(newcomerId) ?? addPerson(state, 'Alex', undefined, newcomerId)
  const panes = {
    main: { bot: main, user: simulatedUser(state, main, person) },
    operators: { bot: operators, user: simulatedUser(state, operators, person) },
  }
  privateChat(operators, person).started = true
  const page = chatPage({ state, person, panes, nextEpisode, hasSites, log })
  return {
    person: panes.main.user,
    page,
    stop: async () => {
      page.stop()
      await finishWriting()
    },
  }
}

const simulatedBot = (state: TelegramState, bot: Bot): SimulatedBot => ({
  token: bot.token,
  id: bot.id,
  username: bot.username,
  user: (who, options = {}) => {
    const known =
      typeof who === 'number'
        ? state.people.get(who)
        : [...state.people.values()].find(({ firstName }) => firstName === who)
    const name = typeof who === 'number' ? `Pessoa ${who}` : who
    const person = known ?? addPerson(state, name, options.language, typeof who === 'number' ? who : undefined)
    if (options.language !== undefined) person.languageCode = options.language
    return simulatedUser(state, bot, person)
  },
  group: (title, options = {}) => addGroup(state, bot, title, options),
  transcript: chatId => transcript(state, bot, chatId),
  calls: bot.calls.list,
  forgetCalls: bot.calls.clear,
  failNext: bot.injectedErrors.failNext,
  clearInjectedErrors: bot.injectedErrors.clear,
  revoke: (revoked = true) => {
    bot.revoked = revoked
  },
  photo: bot.photos.set,
  deliverTwice: bot.webhook.deliverTwice,
  redeliver: bot.webhook.redeliver,
  deliveries: bot.webhook.deliveries,
  webhookInfo: () => getWebhookInfo(state, bot),
  pending: () => bot.updates.pending().map(({ update }) => update),
})

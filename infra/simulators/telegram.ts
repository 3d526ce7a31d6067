import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '#functions/host/clock.ts'
import { botApi, runFromWebhook } from './telegram/api-handler.ts'
import type { Update, WebhookInfo } from './telegram/bot-api.ts'
import type { Call } from './telegram/call-log.ts'
import { chatPage } from './telegram/chat-page.ts'
import { persistIn } from './telegram/conversation-file.ts'
import type { InjectedError } from './telegram/injected-errors.ts'
import {
  addGroup,
  addPerson,
  type SimulatedGroup,
  type SimulatedUser,
  simulatedUser,
  transcript,
} from './telegram/people.ts'
import type { PhotoFetchResult } from './telegram/photo-fetches.ts'
import { type RateLimits, strictRates, usualRates } from './telegram/rate-limiter.ts'
import { addBot, type Bot, emptyState, privateChat, type TelegramState } from './telegram/state.ts'
import { getWebhookInfo } from './telegram/surface.ts'
import type { DeliveryAttempt } from './telegram/webhook-sender.ts'
import { realTime, type Time } from './time.ts'

export type { ButtonPress, Participant, SimulatedGroup, SimulatedUser, VisibleMessage } from './telegram/people.ts'
export type { Call, DeliveryAttempt, InjectedError, Update }

/** One bot's side of the simulator: the people who talk to it, what it said and did, and what shall go wrong. */
export interface SimulatedBot {
  readonly token: string
  readonly id: number
  readonly username: string
  /** A person by name or id, made when there is none; with Telegram's `language_code` (`pt-br`, `en`). */
  user(who: string | number, options?: { language?: string }): SimulatedUser
  group(title: string, options?: { supergroup?: boolean; forum?: boolean }): SimulatedGroup
  /** What was said, line by line; in one chat, or in all. */
  transcript(chatId?: number): string
  /** Every call of the Bot API, oldest first; of one method, or all. */
  calls(method?: string): Call[]
  forgetCalls(): void
  failNext(method: string, fault?: InjectedError): void
  clearInjectedErrors(): void
  /** The token is revoked: every call is answered 401. */
  revoke(revoked?: boolean): void
  photo(url: string, fate: PhotoFetchResult): void
  /** Every update that the webhook takes is delivered once more. */
  deliverTwice(on: boolean): void
  /** Delivers an update again, whatever became of it. */
  redeliver(update: Update): void
  /** Attempts to reach the webhook, oldest first. */
  deliveries(): DeliveryAttempt[]
  webhookInfo(): WebhookInfo
  /** Updates that nobody has taken yet. */
  pending(): Update[]
}

export interface TelegramSimulator extends SimulatedBot {
  /** What TELEGRAM_API_ROOT is set to: `http://127.0.0.1:1234`. */
  readonly url: string
  /** The operators' bot; there is one where `opsToken` was given. */
  readonly operators: SimulatedBot
  /** Newcomer mode: who talks on the page. They have opened the operators' chat already: their id is TELEGRAM_OPS_CHAT_ID. */
  readonly person: SimulatedUser
  /** Newcomer mode: answers what lies under /chat, false for everything else. Host and Origin are for the caller to check. */
  chatPage(request: IncomingMessage, response: ServerResponse): boolean
  stop(): Promise<void>
}

export interface TelegramOptions {
  /** 0 for any free one. */
  port?: number
  botToken: string
  opsToken?: string
  clock?: Clock
  /** Clock and timers together, for tests in which hours pass at once; default the real ones. */
  time?: Time
  /** How much a bot may send before 429: `usual` (default), `strict`, own numbers, or false for no limit. */
  rates?: 'usual' | 'strict' | RateLimits | false
  /** One person talks to both bots on a page of their own. Needs `opsToken`. */
  newcomer?: NewcomerOptions
}

export interface NewcomerOptions {
  /** A file that keeps the conversation over a restart. */
  conversationFile?: string
  /** Told when that file is damaged. */
  log?: (line: string) => void
  /** For the hints: when an episode airs next, and whether there are test sites at `sites.localhost`. */
  nextEpisode?: () => Date
  hasSites?: boolean
}

/** The newcomer's id at Telegram, the same at every start: their follows and monitors stay theirs. */
export const newcomerId = 5_000_000_000

/** Starts a Telegram of our own on loopback, strict as the real one. */
export const startTelegram = async (options: TelegramOptions): Promise<TelegramSimulator> => {
  const time = options.time ?? realTime(options.clock)
  const state = emptyState(time)
  const rates =
    options.rates === 'strict'
      ? strictRates
      : options.rates === undefined || options.rates === 'usual'
        ? usualRates
        : options.rates
  const execute = (bot: Bot, method: string, args: Record<string, unknown>) => runFromWebhook(state, bot, method, args)
  const main = addBot(state, { token: options.botToken, username: 'VigiaBot', name: 'Vigia', rates, execute })
  const operators =
    options.opsToken === undefined
      ? undefined
      : addBot(state, {
          token: options.opsToken,
          username: 'VigiaOperatorsBot',
          name: 'Vigia · operadores',
          rates,
          execute,
        })

  const newcomer = options.newcomer === undefined ? undefined : newcomerMode(state, main, operators, options.newcomer)
  const api = botApi(state)
  const server = createServer((request, response) => {
    api(request, response).catch(error => {
      const body = { ok: false, error_code: 500, description: `Internal Server Error: ${String(error)}` }
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    ...simulatedBot(state, main),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get operators() {
      if (operators === undefined) throw new Error('startTelegram was given no opsToken')
      return simulatedBot(state, operators)
    },
    get person() {
      if (newcomer === undefined) throw new Error('startTelegram was not asked for a newcomer')
      return newcomer.person
    },
    chatPage: (request, response) => newcomer?.page.handle(request, response) ?? false,
    stop: async () => {
      await newcomer?.stop()
      for (const bot of state.bots.values()) bot.webhook.stop()
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

const newcomerMode = (state: TelegramState, main: Bot, operators: Bot | undefined, options: NewcomerOptions) => {
  if (operators === undefined) throw new Error('newcomer mode needs an opsToken')
  const write =
    options.conversationFile === undefined ? async () => {} : persistIn(options.conversationFile, state, options.log)
  const person = state.people.get(newcomerId) ?? addPerson(state, 'Alex', undefined, newcomerId)
  const panes = {
    main: { bot: main, seat: simulatedUser(state, main, person) },
    operators: { bot: operators, seat: simulatedUser(state, operators, person) },
  }
  privateChat(operators, person).started = true
  const { nextEpisode, hasSites } = options
  const page = chatPage({ state, person, panes, nextEpisode, hasSites })
  return {
    person: panes.main.seat,
    page,
    stop: async () => {
      page.stop()
      await write()
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
  failNext: bot.faults.failNext,
  clearInjectedErrors: bot.faults.clear,
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

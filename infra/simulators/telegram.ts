import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '#functions/host/clock.ts'
import type { Update, WebhookInfo } from './telegram/bot-api.ts'
import type { Call } from './telegram/calls.ts'
import type { Fault } from './telegram/faults.ts'
import { keepIn } from './telegram/keep.ts'
import { chatPage } from './telegram/page.ts'
import { addGroup, addPerson, type GroupSeat, transcript, type UserSeat, userSeat } from './telegram/people.ts'
import type { PhotoFate } from './telegram/photos.ts'
import { type Rates, STRICT_RATES, USUAL_RATES } from './telegram/rates.ts'
import { botApi, runFromWebhook } from './telegram/server.ts'
import { getWebhookInfo } from './telegram/surface.ts'
import type { Delivery } from './telegram/webhook.ts'
import { addBot, type Bot, emptyWorld, privateChat, type World } from './telegram/world.ts'
import { realTime, type Time } from './time.ts'

export type { GroupSeat, Press, Seat, Seen, UserSeat } from './telegram/people.ts'
export type { Call, Delivery, Fault, Update }

/** One bot's side of the simulator: the people who talk to it, what it said and did, and what shall go wrong. */
export interface BotSide {
  readonly token: string
  readonly id: number
  readonly username: string
  /** A person by name or id, made when there is none; with Telegram's `language_code` (`pt-br`, `en`). */
  user(who: string | number, options?: { language?: string }): UserSeat
  group(title: string, options?: { supergroup?: boolean; forum?: boolean }): GroupSeat
  /** What was said, line by line; in one chat, or in all. */
  transcript(chatId?: number): string
  /** Every call of the Bot API, oldest first; of one method, or all. */
  calls(method?: string): Call[]
  forgetCalls(): void
  failNext(method: string, fault?: Fault): void
  forgetFaults(): void
  /** The token is revoked: every call is answered 401. */
  revoke(revoked?: boolean): void
  photo(url: string, fate: PhotoFate): void
  /** Every update that the webhook takes is delivered once more. */
  deliverTwice(on: boolean): void
  /** Delivers an update again, whatever became of it. */
  deliverAgain(update: Update): void
  /** Attempts to reach the webhook, oldest first. */
  deliveries(): Delivery[]
  webhookInfo(): WebhookInfo
  /** Updates that nobody has taken yet. */
  pending(): Update[]
}

export interface TelegramSimulator extends BotSide {
  /** What TELEGRAM_API_ROOT is set to: `http://127.0.0.1:1234`. */
  readonly url: string
  /** The operators' bot; there is one where `opsToken` was given. */
  readonly operators: BotSide
  /** Newcomer mode: who talks on the page. They have opened the operators' chat already: their id is TELEGRAM_OPS_CHAT_ID. */
  readonly person: UserSeat
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
  rates?: 'usual' | 'strict' | Rates | false
  /** One person talks to both bots on a page of their own. Needs `opsToken`. */
  newcomer?: NewcomerOptions
}

export interface NewcomerOptions {
  /** A file that keeps the conversation over a restart. */
  keepIn?: string
  /** Told when that file is damaged. */
  log?: (line: string) => void
  /** For the hints: when an episode airs next, and whether there are test sites at `sites.localhost`. */
  nextEpisode?: () => Date
  hasSites?: boolean
}

/** The newcomer's id at Telegram, the same at every start: their follows and monitors stay theirs. */
export const NEWCOMER_ID = 5_000_000_000

/** Starts a Telegram of our own on loopback, strict as the real one. */
export const startTelegram = async (options: TelegramOptions): Promise<TelegramSimulator> => {
  const time = options.time ?? realTime(options.clock)
  const world = emptyWorld(time)
  const rates =
    options.rates === 'strict'
      ? STRICT_RATES
      : options.rates === undefined || options.rates === 'usual'
        ? USUAL_RATES
        : options.rates
  const execute = (bot: Bot, method: string, args: Record<string, unknown>) => runFromWebhook(world, bot, method, args)
  const main = addBot(world, { token: options.botToken, username: 'VigiaBot', name: 'Vigia', rates, execute })
  const operators =
    options.opsToken === undefined
      ? undefined
      : addBot(world, {
          token: options.opsToken,
          username: 'VigiaOperatorsBot',
          name: 'Vigia · operadores',
          rates,
          execute,
        })

  const newcomer = options.newcomer === undefined ? undefined : welcome(world, main, operators, options.newcomer)
  const api = botApi(world)
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
    ...side(world, main),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get operators() {
      if (operators === undefined) throw new Error('startTelegram was given no opsToken')
      return side(world, operators)
    },
    get person() {
      if (newcomer === undefined) throw new Error('startTelegram was not asked for a newcomer')
      return newcomer.person
    },
    chatPage: (request, response) => newcomer?.page.handle(request, response) ?? false,
    stop: async () => {
      await newcomer?.stop()
      for (const bot of world.bots.values()) bot.webhook.stop()
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

const welcome = (world: World, main: Bot, operators: Bot | undefined, options: NewcomerOptions) => {
  if (operators === undefined) throw new Error('newcomer mode needs an opsToken')
  const write = options.keepIn === undefined ? async () => {} : keepIn(options.keepIn, world, options.log)
  const person = world.people.get(NEWCOMER_ID) ?? addPerson(world, 'Alex', undefined, NEWCOMER_ID)
  const panes = {
    main: { bot: main, seat: userSeat(world, main, person) },
    operators: { bot: operators, seat: userSeat(world, operators, person) },
  }
  privateChat(operators, person).started = true
  const { nextEpisode, hasSites } = options
  const page = chatPage({ world, person, panes, nextEpisode, hasSites })
  return {
    person: panes.main.seat,
    page,
    stop: async () => {
      page.stop()
      await write()
    },
  }
}

const side = (world: World, bot: Bot): BotSide => ({
  token: bot.token,
  id: bot.id,
  username: bot.username,
  user: (who, options = {}) => {
    const known =
      typeof who === 'number'
        ? world.people.get(who)
        : [...world.people.values()].find(({ firstName }) => firstName === who)
    const name = typeof who === 'number' ? `Pessoa ${who}` : who
    const person = known ?? addPerson(world, name, options.language, typeof who === 'number' ? who : undefined)
    if (options.language !== undefined) person.languageCode = options.language
    return userSeat(world, bot, person)
  },
  group: (title, options = {}) => addGroup(world, bot, title, options),
  transcript: chatId => transcript(world, bot, chatId),
  calls: bot.calls.list,
  forgetCalls: bot.calls.clear,
  failNext: bot.faults.failNext,
  forgetFaults: bot.faults.clear,
  revoke: (revoked = true) => {
    bot.revoked = revoked
  },
  photo: bot.photos.set,
  deliverTwice: bot.webhook.deliverTwice,
  deliverAgain: bot.webhook.deliverAgain,
  deliveries: bot.webhook.deliveries,
  webhookInfo: () => getWebhookInfo(world, bot),
  pending: () => bot.updates.pending().map(({ update }) => update),
})

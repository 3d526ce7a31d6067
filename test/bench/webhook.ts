import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chatsIn } from '#database/chats/chats.ts'
import { postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { mongo } from '#database/mongo.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { searchesIn } from '#database/series/searches.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { buildFunctions } from '#infra/delivery/build.ts'
import { freePort } from '#infra/net/free-port.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { showIds, startTvmaze } from '#simulators/tvmaze.ts'
import { until } from '#test/support/until.ts'
import type { Bench } from './bench.ts'

const root = join(import.meta.dirname, '../..')
const rounds = Number(process.env.ROUNDS ?? 300)
const warmUps = 50
const token = '700000001:bench-token-of-the-bot-AAAAAAAAAAAA'
const secret = 'bench-secret'
const chatId = 5_000_000_007
const from = { id: chatId, is_bot: false, first_name: 'Ana', language_code: 'pt-br' }
const chat = { id: chatId, type: 'private', first_name: 'Ana' }
const agent = new Agent({ keepAlive: true, maxSockets: 8 })

/** One kind of update, and the Bot API method of its reply. */
interface Case {
  name: string
  reply: string
  /** The number of updates, warm-up included, for a case that must send fewer updates than the other cases. */
  count?: number
  update(id: number): object
}

const command = (text: string) => (id: number) => ({
  update_id: id,
  message: {
    message_id: id,
    date: Math.floor(Date.now() / 1000),
    from,
    chat,
    text,
    ...(text.startsWith('/') ? { entities: [{ type: 'bot_command', offset: 0, length: text.length }] } : {}),
  },
})
const press = (data: string) => (id: number) => ({
  update_id: id,
  callback_query: {
    id: String(id),
    from,
    chat_instance: '1',
    message: { message_id: 1, date: Math.floor(Date.now() / 1000), chat, text: 'x' },
    data,
  },
})

const helpCase: Case = { name: '/ajuda', reply: 'sendMessage', update: command('/ajuda') }
const ourCases: Case[] = [
  helpCase,
  {
    name: 'the button "seguir"',
    reply: 'editMessageText',
    update: press(encode({ act: 'follow', show: showIds.harbor, search: 1, at: 0 })),
  },
  { name: 'the name of a series: search and card', reply: 'sendPhoto', count: 18, update: command('harbor nine') },
  { name: '/series with 12 followed series', reply: 'sendMessage', update: command('/series') },
  { name: '/proximos with 12 followed series', reply: 'sendMessage', update: command('/proximos') },
  { name: '/monitores with 10 monitors', reply: 'sendMessage', update: command('/monitores') },
]

/**
 * Measures the time from sending an update until the simulated Bot API gets the reply. Updates are sent one at a time,
 * as in one chat.
 */
export const bench: Bench = {
  title: `webhook: time from an update to the reply and to status 200; ${rounds} updates of each kind, one at a time, after a warm-up`,
  run: async log => {
    const dataDir = await mkdtemp(join(tmpdir(), 'vigia-bench-'))
    // If this runs as root, PostgreSQL runs as another user, which must be able to enter the folder.
    await chmod(dataDir, 0o755)
    const children: ChildProcess[] = []
    const telegram = await startBotApi()
    const broker = await startSink()
    const shows = await startTvmaze({ limit: false })
    const [pg, mongod] = await Promise.all([
      startPostgres({ dataDir }),
      startMongo({ dataDir, env: process.env, download: false }),
    ])
    try {
      await buildFunctions({ log })
      await migrate(pg.url)
      await insertUser(pg.url, mongod.uri, shows.url)

      const minimalBot = fork(fileURLToPath(new URL('webhook.process.ts', import.meta.url)), [telegram.url, token])
      children.push(minimalBot)
      const [{ port }] = (await once(minimalBot, 'message')) as [{ port: number }]
      log('a minimal Telegraf bot')
      const rows = [await measure({ ...helpCase, name: 'minimal Telegraf bot, without database' }, port, telegram)]

      const functionPort = await freePort()
      const child = spawn(process.execPath, [join(root, '.build/functions/telegram-webhook.mjs')], {
        env: {
          PATH: process.env.PATH,
          NODE_ENV: 'production',
          LOG_LEVEL: 'info',
          HOST: '127.0.0.1',
          PORT: String(functionPort),
          K_SINK: broker.url,
          DATABASE_URL: pg.url,
          MONGODB_URI: mongod.uri,
          TELEGRAM_API_ROOT: telegram.url,
          TELEGRAM_BOT_TOKEN: token,
          TELEGRAM_WEBHOOK_SECRET: secret,
          TVMAZE_URL: shows.url,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      children.push(child)
      await until(async () => (await fetch(`http://127.0.0.1:${functionPort}/healthz`)).ok, {
        what: 'the function to be ready',
      })
      for (const one of ourCases) {
        log(one.name)
        rows.push(await measure(one, functionPort, telegram))
      }
      return {
        columns: ['update', 'reply p50 ms', 'p95', 'p99', '200 p50 ms', 'p95'],
        rows,
        notes: [
          'goal: reply p95 ≤ 50 ms',
          'only 15 searches are measured, because TVmaze allows 20 calls in ten seconds and the function makes fewer calls than that',
          'Vigia writes a lease for each update to a PostgreSQL that syncs to disk; Telegram, TVmaze and the broker answer from this process without delay',
        ],
      }
    } finally {
      for (const child of children) if (child.kill('SIGKILL')) await once(child, 'exit')
      agent.destroy()
      await Promise.all([telegram.stop(), broker.stop(), shows.stop(), pg.stop(), mongod.stop()])
      await rm(dataDir, { recursive: true, force: true })
    }
  },
}

/** Inserts a user of the bot with twelve series and ten monitors. */
const insertUser = async (databaseUrl: string, mongoUri: string, tvmazeUrl: string): Promise<void> => {
  const db = postgres(databaseUrl)
  const server = mongo(mongoUri)
  const client = tvmaze(tvmazeUrl, { callsPerTenSeconds: 10_000 })
  const catalogue = catalogueIn(server)
  await chatsIn(db).upsert({ id: chatId, kind: 'private', language: 'pt-BR' })
  for (const id of Object.values(showIds)) {
    const show = await client.show(id)
    await catalogue.keep(show)
    await followsIn(db).follow(chatId, `show/${id}`, new Date(), show.name)
  }
  // This is search 1. Its result card has the button that the benchmark presses.
  await searchesIn(db).keep(chatId, 'harbor nine', await client.search('harbor nine'))
  for (let i = 0; i < 10; i++)
    await monitorsIn(db).add({
      chatId,
      name: `m${i}.example`,
      kind: 'http',
      url: `https://m${i}.example/`,
      intervalS: 60,
      timeoutMs: 5_000,
    })
  await Promise.all([db.end(), server.end()])
}

let lastUpdate = Math.floor(Date.now() / 1000)

const measure = async (one: Case, port: number, telegram: BotApi): Promise<(string | number)[]> => {
  const replies: number[] = []
  const answers: number[] = []
  const first = one.count === undefined ? -warmUps : -3
  const end = one.count === undefined ? rounds : first + one.count
  for (let round = first; round < end; round++) {
    const body = JSON.stringify(one.update(++lastUpdate))
    const started = performance.now()
    const replied = telegram.next(one.reply)
    const status = await post(port, body)
    const answered = performance.now() - started
    if (status !== 200) throw new Error(`${one.name} was answered ${status}`)
    const reply = (await replied) - started
    if (round < 0) continue
    replies.push(reply)
    answers.push(answered)
  }
  return [one.name, ...[0.5, 0.95, 0.99].map(percentileOf(replies)), ...[0.5, 0.95].map(percentileOf(answers))]
}

const percentileOf = (times: number[]) => {
  const sorted = times.toSorted((one, other) => one - other)
  return (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]! * 10) / 10
}

const post = (port: number, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const posting = request(
      {
        host: '127.0.0.1',
        port,
        agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'x-telegram-bot-api-secret-token': secret,
        },
      },
      response => {
        response.resume()
        response.on('end', () => resolve(response.statusCode!))
      },
    )
    posting.on('error', reject)
    posting.end(body)
  })

interface BotApi {
  url: string
  /** Resolves with performance.now() when the next call of the method has arrived completely. */
  next(method: string): Promise<number>
  stop(): Promise<void>
}

/** Starts a Bot API that answers every call with success. */
const startBotApi = async (): Promise<BotApi> => {
  const waiting = new Map<string, (at: number) => void>()
  const { url, stop } = await startServer((incoming, respond) => {
    const method = incoming.url!.slice(incoming.url!.lastIndexOf('/') + 1)
    waiting.get(method)?.(performance.now())
    waiting.delete(method)
    respond(200, '{"ok":true,"result":{"message_id":1}}')
  })
  return { url, stop, next: method => new Promise(resolve => waiting.set(method, resolve)) }
}

const startSink = () => startServer((_, respond) => respond(202, ''))

const startServer = async (
  handle: (incoming: IncomingMessage, respond: (status: number, body: string) => void) => void,
) => {
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    incoming.resume()
    incoming.on('end', () =>
      handle(incoming, (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(body)),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise<void>(resolve => server.close(() => resolve()).closeAllConnections()),
  }
}

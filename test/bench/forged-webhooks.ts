import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { startVigia, type Vigia } from '#test/support/npm-start.ts'
import type { Bench } from './bench.ts'

const rounds = Number(process.env.ROUNDS ?? 200)
const warmUps = 30
const connections = 64
const secret = 'bench-secret'
const token = '700000001:bench-token-of-the-bot-AAAAAAAAAAAA'

/**
 * Measures the latency of genuine updates while other clients post forged updates, to the public port or directly to
 * the function.
 */
export const bench: Bench = {
  title: `genuine updates (/ajuda) alone, and while ${connections} connections post forged updates; ${rounds} genuine updates in each case`,
  run: async log => {
    const telegram = await startBotApi()
    const vigia = await startVigia({
      env: {
        TELEGRAM_API_ROOT: telegram.url,
        TELEGRAM_BOT_TOKEN: token,
        TELEGRAM_WEBHOOK_SECRET: secret,
        PUBLIC_URL: 'https://vigia.example.org',
      },
    })
    try {
      await postGenuine(vigia, warmUps)
      log('no forged updates')
      const rows = [row('no forged updates', await postGenuine(vigia, rounds), 0, 0, await vigia.report(webhook))]
      for (const [name, port, host, path] of [
        ['forged updates to the public port', vigia.publicPort, 'localhost', '/telegram'],
        ['forged updates directly to the function', vigia.port, `${webhook}.localhost`, '/'],
      ] as const) {
        log(name)
        const forger = fork(fileURLToPath(new URL('forged-webhooks.process.ts', import.meta.url)), [
          ...[String(port), host, path, String(connections)],
        ])
        const began = performance.now()
        await postGenuine(vigia, warmUps)
        const measured = await postGenuine(vigia, rounds)
        const report = await vigia.report(webhook)
        forger.send('stop')
        const [statuses] = (await once(forger, 'message')) as [Record<string, number>]
        const forged = Object.values(statuses).reduce((sum, count) => sum + count, 0)
        rows.push(row(name, measured, forged / ((performance.now() - began) / 1000), forged, report))
        log(JSON.stringify(statuses))
      }
      return {
        columns: ['load', 'p50 ms', 'p95', 'worst', 'not 200', 'forged/s', 'forged', 'processes'],
        rows,
        notes: [
          'goal while forged updates arrive at the public port: p50 and worst at most twice those without forged updates, no genuine update refused, one process',
        ],
      }
    } finally {
      await vigia.stop()
      await telegram.stop()
    }
  },
}

const webhook = 'telegram-webhook'

interface Measured {
  times: number[]
  refused: number
}

const row = (
  name: string,
  { times, refused }: Measured,
  rate: number,
  forged: number,
  { replicas }: { replicas: unknown[] },
): (string | number)[] => {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))]! * 10) / 10
  return [name, at(0.5), at(0.95), at(1), refused, Math.round(rate), forged, replicas.length]
}

let lastUpdate = Math.floor(Date.now() / 1000)
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

const postGenuine = async ({ publicPort }: Vigia, count: number): Promise<Measured> => {
  const times: number[] = []
  let refused = 0
  for (let n = 0; n < count; n++) {
    const began = performance.now()
    if ((await post(publicPort, JSON.stringify(update(++lastUpdate)))) !== 200) refused++
    times.push(performance.now() - began)
  }
  return { times, refused }
}

const update = (id: number) => ({
  update_id: id,
  message: {
    message_id: id,
    date: Math.floor(Date.now() / 1000),
    from: { id: 5_000_000_007, is_bot: false, first_name: 'Ana', language_code: 'pt-br' },
    chat: { id: 5_000_000_007, type: 'private', first_name: 'Ana' },
    text: '/ajuda',
    entities: [{ type: 'bot_command', offset: 0, length: 6 }],
  },
})

const post = (port: number, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-telegram-bot-api-secret-token': secret,
    }
    request({ agent, host: '127.0.0.1', port, path: '/telegram', method: 'POST', headers }, response => {
      response.resume()
      response.on('end', () => resolve(response.statusCode!))
    })
      .on('error', reject)
      .end(body)
  })

/** Starts a Bot API that answers every call with success. */
const startBotApi = async () => {
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    incoming.resume()
    incoming.on('end', () =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"result":{"message_id":1}}'),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise<void>(resolve => server.close(() => resolve()).closeAllConnections()),
  }
}

import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { monitorsIn, type NewMonitor } from '#database/uptime/monitors.ts'
import { heartbeatMonitor } from '#functions/checks/heartbeat.ts'
import { type PeerServers, startPeerServers } from '#test/cli/import/peers/servers.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { flakyProxy } from '#test/support/flaky-proxy.ts'
import { type Journey, repliesMatching, startJourney, waitForReply } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'

const outageMs = 30_000

let database: TestDatabase
let proxy: Awaited<ReturnType<typeof flakyProxy>>
let servers: PeerServers
let journey: Journey

beforeAll(async () => {
  database = await emptyDatabase()
  proxy = await flakyProxy(database.url)
  servers = await startPeerServers()
  journey = await startJourney({ env: { DATABASE_URL: proxy.url } })
})
afterAll(async () => {
  await journey?.stop()
  await servers?.[Symbol.asyncDispose]()
  await proxy?.stop()
  await database?.end()
})

type Target = Pick<NewMonitor, 'kind' | 'url' | 'settings'>

/** A monitor of each kind that Vigia checks. Each of these servers works. */
const targets = ({ ports }: PeerServers): Target[] => [
  { kind: 'http', url: `https://localhost:${ports.HTTPS}/`, settings: { certificate: 'any', keyword: 'is well' } },
  { kind: 'http', url: `http://127.0.0.1:${ports.JSON}/`, settings: { json: [{ path: '$.status', equals: 'UP' }] } },
  { kind: 'tcp', url: `tcp://127.0.0.1:${ports.TCP}` },
  { kind: 'tcp', url: `tcp://127.0.0.1:${ports.SMTP}`, settings: { recipe: 'smtp' } },
  { kind: 'tls', url: `tls://localhost:${ports.HTTPS}`, settings: { certificate: 'any' } },
  { kind: 'dns', url: 'dns://shop.test', settings: { server: `127.0.0.1:${ports.DNS}`, expected: ['203.0.113.7'] } },
  { kind: 'ping', url: 'ping://127.0.0.1' },
  { kind: 'websocket', url: `ws://127.0.0.1:${ports.WEBSOCKET}/`, settings: { send: 'hi', expect: 'echo hi' } },
  { kind: 'grpc', url: `grpc://127.0.0.1:${ports.SERVING}` },
]

test('after PostgreSQL was unavailable for half a minute, a person gets one message about the failing site and none about the 199 healthy monitors of all kinds', {
  timeout: 300_000,
}, async () => {
  const { sites, telegram, vigia } = journey
  const ana = telegram.user('Ana', { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
  const { db } = database
  const add = async (target: Pick<NewMonitor, 'kind' | 'url'> & Partial<NewMonitor>) =>
    (await monitorsIn(db).add({ chatId: ana.chatId, name: target.url, intervalS: 10, timeoutMs: 5_000, ...target }))
      .monitor.id

  sites.set('/sick', { kind: 'switch', on: true })
  const sick = { kind: 'http', url: `${sites.url}/sick`, name: 'sick' } as const
  const checked = [await add(sick)]
  const kinds = targets(servers)
  for (let n = 0; n < 180; n++) {
    const name = `monitor-${n}`
    // A chat may have several monitors of a URL only if they have different keys.
    checked.push(await add({ ...kinds[n % kinds.length]!, name, configKey: name }))
  }
  const tokens: string[] = []
  for (let n = 0; n < 19; n++) {
    const job = heartbeatMonitor(`job-${n}`, { periodS: 60, graceS: 60 })
    const monitorId = await add(job)
    tokens.push((await heartbeatsIn(db).ensure({ monitorId, chatId: ana.chatId, slug: `job-${n}` }))!.token)
  }
  expect((await db.query('select count(*)::int as count from monitor')).rows).toEqual([{ count: 200 }])

  /** Waits until each monitor has `count` results of slots after `since`. */
  const aRoundSince = (since: Date, count: number) =>
    until(
      async () => {
        const { rows } = await db.query(
          `select monitor_id from probe_slot where due_at > $1 and monitor_id = any ($2)
           group by 1 having count(*) >= $3`,
          [since, checked, count],
        )
        return rows.length === checked.length
      },
      { what: `${count} checks of every monitor`, timeoutMs: 120_000 },
    )

  const stop = new AbortController()
  const pings = keepPinging(tokens, vigia.publicPort, stop.signal)
  await aRoundSince(new Date(0), 1)

  proxy.goDown()
  sites.turn('/sick', false)
  await until(async () => (await fetch(`${vigia.url}/readyz`)).status !== 200, {
    what: 'the runtime to report that it is not ready',
  })
  // The outage must last exactly this long, so this is a pause and not a wait for a condition.
  await setTimeout(outageMs)
  const back = new Date()
  proxy.comeBack()

  await until(() => repliesMatching(ana, /(saiu|está fora) do ar/).length > 0, {
    what: 'the message about the failing site',
    timeoutMs: 60_000,
  })
  await aRoundSince(back, 2)
  // A heartbeat whose pings were lost would be late two minutes after its last ping.
  await until(() => Date.now() > back.getTime() + 60_000, { what: 'the heartbeats to be due', timeoutMs: 90_000 })
  await journey.settled()
  stop.abort()
  const statuses = await pings
  expect(statuses).toContain(503)
  expect(ana.answers().flatMap(({ text }) => /^(?:🔴|🟠) \S+/.exec(text) ?? [])).toEqual(['🔴 sick'])
  expect((await db.query('select name from incident join monitor on monitor_id = monitor.id')).rows).toEqual([
    { name: 'sick' },
  ])
})

/** Pings each heartbeat once in five seconds until the signal aborts. Returns the statuses of the answers. */
const keepPinging = async (tokens: readonly string[], port: number, signal: AbortSignal): Promise<number[]> => {
  const statuses: number[] = []
  while (!signal.aborted) {
    await Promise.all(
      tokens.map(async token => {
        const response = await fetch(`http://127.0.0.1:${port}/ping/${token}`, { method: 'POST' })
        await response.arrayBuffer()
        statuses.push(response.status)
      }),
    )
    await setTimeout(5_000, undefined, { signal }).catch(() => {})
  }
  return statuses
}

import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { flakyProxy } from '#test/support/flaky-proxy.ts'
import { type Journey, repliesMatching, startJourney, waitForReply } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'

const outageMs = 30_000

let database: TestDatabase
let proxy: Awaited<ReturnType<typeof flakyProxy>>
let journey: Journey

beforeAll(async () => {
  database = await emptyDatabase()
  proxy = await flakyProxy(database.url)
  journey = await startJourney({ env: { DATABASE_URL: proxy.url } })
})
afterAll(async () => {
  await journey?.stop()
  await proxy?.stop()
  await database?.end()
})

test('after PostgreSQL was unavailable for half a minute, a person gets one message about the failing site and none about the 199 healthy sites', {
  timeout: 240_000,
}, async () => {
  const { sites, telegram, vigia } = journey
  const ana = telegram.user('Ana', { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
  for (let site = 1; site <= 200; site++) {
    sites.set(`/s${site}`, { kind: 'switch', on: true })
    const url = `${sites.url}/s${site}`
    await monitorsIn(database.db).add({
      chatId: ana.chatId,
      name: `site-${site}`,
      kind: 'http',
      url,
      intervalS: 10,
      timeoutMs: 5_000,
    })
  }
  await until(() => new Set(sites.hits().map(({ path }) => path)).size === 200, {
    what: 'every site to be watched',
    timeoutMs: 60_000,
  })

  proxy.goDown()
  sites.turn('/s7', false)
  await until(async () => (await fetch(`${vigia.url}/readyz`)).status !== 200, {
    what: 'the runtime to report that it is not ready',
  })
  // The outage must last exactly this long, so this is a pause and not a wait for a condition.
  await setTimeout(outageMs)
  proxy.comeBack()

  await until(() => repliesMatching(ana, /(saiu|está fora) do ar/).length > 0, {
    what: 'the message about the failing site',
    timeoutMs: 60_000,
  })
  const seen = sites.hits().length
  await until(() => sites.hits().length > seen + 400, { what: 'two more rounds of checks', timeoutMs: 60_000 })
  await journey.settled()
  expect(repliesMatching(ana, /(saiu|está fora) do ar/).map(({ text }) => /site-\d+/.exec(text)?.[0])).toEqual([
    'site-7',
  ])
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { addressGuard, type DialResult, safeDialler } from '#functions/dial/dial.ts'
import { checkRunner, limitChecks, missedSlot } from '#functions/uptime-prober/check-runner.ts'
import { connectivityTracker } from '#functions/uptime-prober/connectivity.ts'
import { sleep } from '#functions/uptime-prober/sleep.ts'
import { addMonitor, noon, proberDatabase, storedResults } from './database.ts'
import { checkOf, connected, fakeDialler, ids, request, responded, startProber, timedOut } from './support.ts'

const database = proberDatabase()

describe('a host with several addresses', () => {
  const failing: DialResult = { ...responded(503), addresses: 4 }

  test('is up if one of its addresses responds, also after it was down', async () => {
    const site = await addMonitor(database.db, 'four.test')
    const prober = startProber(database.db, (_, __, attempt) =>
      attempt === 2 ? { ...responded(200), addresses: 4 } : failing,
    )
    await prober.run(request([checkOf(site, noon)]))
    expect(await storedResults(database.db)).toMatchObject([{ ok: true, attempts: 3 }])
    await prober.run(request([checkOf(site, noon + 60_000, { down: true })]))
    expect(await storedResults(database.db)).toMatchObject([{ ok: true }, { ok: true, attempts: 4 }])
  })

  test.each<[string, DialResult, number]>([
    ['has one address', responded(503), 1],
    ['has two addresses', { ...failing, addresses: 2 }, 2],
    ['has four addresses', failing, 3],
    ['accepts no connection', { ...timedOut, addresses: 4 }, 1],
    ['refuses connections', { ...connected, error: 'refused', addresses: 4 }, 1],
  ])('that is down and %s gets at most one attempt at each address', async (_, found, attempts) => {
    const site = await addMonitor(database.db, 'four.test')
    const prober = startProber(database.db, () => found)
    await prober.run(request([checkOf(site, noon, { down: true })]))
    expect(await storedResults(database.db)).toMatchObject([{ ok: false, attempts }])
  })
})

test.each([
  [10_000, 3],
  [82_000, 3],
  [83_000, 2],
  [120_000, 2],
])('a timeout of %i ms allows %i attempts', async (timeoutMs, attempts) => {
  const site = await addMonitor(database.db, 'slow.test')
  const prober = startProber(database.db, () => ({ ...timedOut, contact: true }))
  await prober.run(request([checkOf(site, noon, { timeoutMs })]))
  expect(await storedResults(database.db)).toMatchObject([{ ok: false, attempts }])
  expect(ids(prober.published)).toEqual(['incident/1/monitor.down'])
})

test('a real site is checked and timed over HTTP and TCP, and fails after its server stops', async () => {
  const server = createServer((_, response) => response.writeHead(200).end('ok'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const dialler = safeDialler({ guard: addressGuard('127.0.0.0/8') })
  const connectivity = connectivityTracker(addressGuard(), null)
  const runCheck = checkRunner({ dialler, connectivity, clock: () => new Date(noon), sleep: async () => {} })
  const site = { id: 1, intervalS: 60, url: `http://site.localhost:${port}/` }
  const http = await runCheck(checkOf(site, noon))
  expect(http).toMatchObject({
    confirmed: false,
    result: { ok: true, status: 200, error: null, attempts: 1, tlsMs: null },
  })
  expect(http.result.totalMs).toBeGreaterThan(0)
  const tcp = await runCheck(checkOf(site, noon, { kind: 'tcp', url: `tcp://127.0.0.1:${port}` }))
  expect(tcp.result).toMatchObject({ ok: true, status: null, error: null })
  await new Promise(resolve => server.close(resolve))
  const gone = await runCheck(checkOf(site, noon))
  expect(gone).toMatchObject({ confirmed: true, result: { ok: false, status: null, error: 'refused', attempts: 3 } })
  const forbidden = await runCheck(checkOf({ ...site, url: 'http://10.0.0.1/' }, noon))
  expect(forbidden).toMatchObject({ confirmed: true, result: { ok: false, error: 'private-address' } })
})

test.each([1, 2, 5])(
  'a failure is confirmed after as many attempts as the monitor has confirmations: %s',
  async confirmations => {
    const connectivity = connectivityTracker(() => false, null)
    const attempts: number[] = []
    const pauses: number[] = []
    const dialler = fakeDialler(async (_, { attemptIndex = 0 }) => {
      attempts.push(attemptIndex)
      return responded(500)
    })
    const runCheck = checkRunner({
      ...{ dialler, connectivity, clock: () => new Date(noon) },
      sleep: async ms => void pauses.push(ms),
    })
    const outcome = await runCheck(
      checkOf({ id: 1, intervalS: 60, url: 'https://site.test/' }, noon, { confirmations }),
    )
    expect(outcome).toMatchObject({ confirmed: true, result: { ok: false, error: 'status', attempts: confirmations } })
    expect(attempts).toEqual([...Array(confirmations).keys()])
    expect(pauses).toEqual([1_000, 2_000, 2_000, 2_000].slice(0, confirmations - 1))
  },
)

test('a check with settings that this version does not know is not made, and says nothing about the site', async () => {
  const dialler = fakeDialler(() => expect.unreachable('nothing is dialled'))
  const runCheck = checkRunner({
    ...{ dialler, connectivity: connectivityTracker(() => false, null) },
    ...{ clock: () => new Date(noon), sleep: async () => {} },
  })
  const site = { id: 1, intervalS: 60, url: 'https://site.test/' }
  const outcome = await runCheck(checkOf(site, noon, { settings: { colour: 'blue' } }))
  expect(outcome).toMatchObject({ confirmed: false, result: { ok: null, error: 'not-checked', attempts: 0 } })
})

test('at most the allowed number of checks run at the same time, and every check runs', async () => {
  const check = checkOf({ id: 1, url: 'https://site.test/', intervalS: 60 }, noon)
  let running = 0
  let maxRunning = 0
  const runCheck = limitChecks(async check => {
    maxRunning = Math.max(maxRunning, ++running)
    await new Promise(setImmediate)
    running--
    if (maxRunning > 2) throw new Error('some fail')
    return missedSlot(check)
  }, 3)
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => runCheck(check)))
  expect(outcomes).toHaveLength(20)
  expect(maxRunning).toBe(3)
  expect(running).toBe(0)
})

test('a sleep ends when its signal aborts', async () => {
  const controller = new AbortController()
  const sleeping = sleep(3_600_000, controller.signal)
  controller.abort()
  await sleeping
})

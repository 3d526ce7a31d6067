import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import { type Check, ProbeRequested } from '#events/probe-requested.ts'
import { addressGuard, type Dialled, safeDialler } from '#functions/dial/dial.ts'
import { atMost } from '#functions/uptime-prober/at-most.ts'
import { askReferences, type ReferenceAnswer, referencesIn, vantageOf } from '#functions/uptime-prober/connectivity.ts'
import { type Measure, measureWith } from '#functions/uptime-prober/measure.ts'
import { ledgerOf } from '#functions/uptime-prober/result-writer.ts'
import { sleep } from '#functions/uptime-prober/sleep.ts'
import { fateOf } from '#functions/uptime-prober/slot-disposition.ts'
import { uptimeProber } from '#functions/uptime-prober/uptime-prober.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { virtualTime } from '#test/support/virtual-time.ts'

const chatId = 7
const second = 1_000
const noon = Date.parse('2026-11-21T12:00:00Z')

let database: TestDatabase
let db: Postgres

beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
  await db.query('insert into chat (id) values ($1)', [chatId])
  await probeResultsIn(db).createPartitions([new Date(noon)])
})
afterAll(() => database.end())
beforeEach(() => db.query('truncate monitor, probe_result, probe_hour, incident restart identity'))

const watch = async (name: string, intervalS = 60) =>
  (await monitorsIn(db).add({ chatId, name, kind: 'http', url: `https://${name}/`, intervalS, timeoutMs: 5_000 }))
    .monitor

const nothing: Dialled = {
  error: null,
  status: null,
  address: '203.0.114.1',
  contact: true,
  dnsMs: 1,
  connectMs: 1,
  tlsMs: null,
  firstByteMs: 1,
  totalMs: 12,
}
const answered = (status: number): Dialled => ({ ...nothing, status })
const silence: Dialled = { ...nothing, error: 'timeout', contact: false, firstByteMs: null, connectMs: null }

/** A prober on virtual time; `answers` says what a URL gives, at which moment and attempt. */
const prober = (
  answers: (url: string, at: number, attempt: number) => Dialled | Promise<Dialled>,
  { from = noon, reference = (async () => true) as (() => Promise<ReferenceAnswer>) | null } = {},
) => {
  const time = virtualTime(new Date(from))
  const asked: { url: string; at: number; attempt: number }[] = []
  const told: VigiaEvent[] = []
  const ending = new AbortController()
  let away = false
  let unheard = false
  const gone = () => Promise.reject(new Error('Connection terminated unexpectedly'))
  const there = time.watched({
    query: (sql, values) => (away ? gone() : db.query(sql, values)),
    transaction: work => (away ? gone() : db.transaction(work)),
    end: () => db.end(),
  })
  const dial = async (url: string, { attempt = 0 }) => {
    const at = time.clock().getTime() - noon
    asked.push({ url, at, attempt })
    return answers(url, at, attempt)
  }
  const vantage = vantageOf(addressGuard(), reference)
  const measure = measureWith({ dialler: { get: dial, knock: dial }, vantage, clock: time.clock, sleep: time.sleep })
  const ledger = ledgerOf({ db: there, clock: time.clock, sleep: time.sleep })
  const handle = (event: ReturnType<typeof request>) =>
    uptimeProber(event, {
      db: there,
      clock: time.clock,
      sleep: time.sleep,
      measure,
      ledger,
      publish: async events => {
        if (unheard) throw new Error('the broker answered 503')
        told.push(...events)
      },
      ending: ending.signal,
    })
  return {
    time,
    asked,
    told,
    end: () => ending.abort(),
    setAway: (value: boolean) => {
      away = value
    },
    setUnheard: (value: boolean) => {
      unheard = value
    },
    begin: handle,
    run: (event: ReturnType<typeof request>) => time.until(handle(event)),
  }
}

const check = (
  monitor: { id: number; url: string; intervalS: number },
  dueAt: number,
  more: Partial<Check> = {},
): Check => ({
  monitorId: monitor.id,
  kind: 'http',
  url: monitor.url,
  timeoutMs: 5_000,
  intervalS: monitor.intervalS,
  dueAt: new Date(dueAt).toISOString(),
  ...more,
})

const request = (checks: Check[], reason: 'slot' | 'now' | 'first' = 'slot') =>
  ProbeRequested.from(rootCause('shard/0@x'), {
    key: String(checks[0]?.monitorId),
    subject: 'shard/0',
    data: { reason, checks, ...(reason !== 'slot' && { chatId }) },
  })

const ids = (events: VigiaEvent[]) => events.map(({ id }) => id)
const rows = async () =>
  (
    await db.query<{ id: number; ok: boolean | null; attempts: number; error: string | null; late: number }>(
      `select monitor_id as id, ok, attempts, error, extract(epoch from started_at - due_at)::float8 * 1000 as late
       from probe_result order by monitor_id, due_at`,
    )
  ).rows

describe('a check', () => {
  test('starts at its due second, whatever the others are doing', async () => {
    const hanging = await watch('hanging.test')
    const [early, late] = [await watch('early.test'), await watch('late.test')]
    const there = prober((url, at) =>
      url.includes('hanging')
        ? there.time.sleep(5_000).then(() => ({ ...silence, contact: true }))
        : answered(at ? 200 : 204),
    )
    await there.run(request([check(late, noon + 9_000), check(hanging, noon + 1_000), check(early, noon + 3_000)]))
    expect(there.asked.filter(({ attempt }) => attempt === 0).map(({ at }) => at)).toEqual([1_000, 3_000, 9_000])
    expect((await rows()).map(({ ok, late }) => [ok, late])).toEqual([
      [false, 0],
      [true, 0],
      [true, 0],
    ])
  })

  test.each([
    [200, true],
    [204, true],
    [299, true],
    [302, false],
    [404, false],
    [500, false],
  ])('that gets status %i is good: %s', async (status, ok) => {
    const site = await watch('site.test')
    const there = prober(() => answered(status))
    await there.run(request([check(site, noon)]))
    expect(await rows()).toMatchObject([{ ok, error: ok ? null : 'status' }])
  })

  test('that fails is looked at twice more before anybody is told', async () => {
    const site = await watch('site.test')
    const there = prober(() => answered(503))
    await there.run(request([check(site, noon)]))
    expect(there.asked.map(({ at, attempt }) => [at, attempt])).toEqual([
      [0, 0],
      [1_000, 1],
      [3_000, 2],
    ])
    expect(ids(there.told)).toEqual(['incident/1/monitor.down'])
    expect(there.told[0]!.data).toMatchObject({ status: 503, error: 'status', since: new Date(noon).toISOString() })
  })

  test('that fails once and then goes well is no news', async () => {
    const site = await watch('site.test')
    const there = prober((_, __, attempt) => answered(attempt === 0 ? 502 : 200))
    await there.run(request([check(site, noon)]))
    expect(there.told).toEqual([])
    expect(await rows()).toMatchObject([{ ok: true, attempts: 2 }])
  })

  test('of a site that is known to be down is done once', async () => {
    const site = await watch('site.test')
    const there = prober(() => answered(503))
    await there.run(request([check(site, noon)]))
    await there.run(request([check(site, noon + 60_000, { down: true })]))
    expect(there.asked).toHaveLength(4)
    expect(ids(there.told)).toEqual(['incident/1/monitor.down'])
  })

  test('that nobody looked at again takes no site down that came back meanwhile', async () => {
    const site = await watch('site.test')
    const there = prober((_, at) => answered(at < 60_000 ? 200 : 503))
    await there.run(request([check(site, noon)]))
    await there.run(request([check(site, noon + 60_000, { down: true })]))
    expect(there.told).toEqual([])
    expect(await monitorsIn(db).get(site.id)).toMatchObject({ state: 'up' })
  })
})

describe('news', () => {
  test('is told while other checks of the same event still wait or hang', async () => {
    const [sick, later] = [await watch('sick.test'), await watch('later.test')]
    const there = prober(url => answered(url.includes('sick') ? 500 : 200))
    const handled = there.begin(request([check(sick, noon), check(later, noon + 20_000)]))
    await there.time.pass(5_000)
    expect(ids(there.told)).toEqual(['incident/1/monitor.down'])
    await there.time.until(handled)
  })

  test('that could not be told is told by the repeat, with the same id and words', async () => {
    const site = await watch('site.test')
    const there = prober(() => answered(500))
    there.setUnheard(true)
    const event = request([check(site, noon)])
    await expect(there.run(event)).rejects.toThrow('the broker answered 503')
    there.setUnheard(false)
    await there.run(event)
    await there.run(event)
    expect(ids(there.told)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.down'])
    expect(there.told[0]).toEqual(there.told[1])
    expect(there.asked).toHaveLength(3)
  })

  test('of a recovery is told again too, and says when it began', async () => {
    const site = await watch('site.test')
    const there = prober((_, at) => answered(at < 60_000 ? 500 : 200))
    await there.run(request([check(site, noon)]))
    const recovery = request([check(site, noon + 60_000, { down: true })])
    await there.run(recovery)
    await there.time.pass(3_000)
    await there.run(recovery)
    expect(ids(there.told)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up', 'incident/1/monitor.up'])
    expect(there.told[2]).toEqual(there.told[1])
    expect(there.told[1]!.data).toMatchObject({
      since: new Date(noon).toISOString(),
      until: new Date(noon + 60_000).toISOString(),
      status: 500,
    })
  })
})

describe('an event that comes late', () => {
  test.each([
    ['in time', -1, 60, 'wait'],
    ['just now', 0, 60, 'probe'],
    ['within half a minute', 30, 10, 'probe'],
    ['too late', 31, 10, 'missed'],
    ['late, with no newer slot yet', 59, 60, 'probe'],
    ['late, with a newer slot', 60, 60, 'missed'],
    ['when nobody keeps results of that day', 14 * 86_400, 60, 'forgotten'],
  ])('%s: the slot is handled as it should', (_, lateS, intervalS, fate) => {
    const slot = check({ id: 1, url: 'https://x.test/', intervalS }, noon)
    expect(fateOf(slot, false, new Date(noon + lateS * second))).toBe(fate)
    if (lateS >= 0) expect(fateOf(slot, true, new Date(noon + lateS * second))).toBe('probe')
  })

  test('probes nothing that is kept already, and the rest once', async () => {
    const [done, open] = [await watch('done.test'), await watch('open.test')]
    const there = prober(() => answered(200))
    await there.run(request([check(done, noon)]))
    await there.time.pass(10_000)
    await there.run(request([check(done, noon), check(open, noon)]))
    expect(there.asked.map(({ url }) => url)).toEqual([done.url, open.url])
  })

  test('counts its old slots as missed, once, and judges nothing by them', async () => {
    const site = await watch('site.test', 10)
    const there = prober(() => answered(500), { from: noon + 60_000 })
    const event = request([check(site, noon), check(site, noon + 10_000)])
    await there.run(event)
    await there.run(event)
    expect(there.asked).toEqual([])
    expect((await probeHoursIn(db).uptime([site.id], new Date(noon))).get(site.id)).toMatchObject({
      missed: 2,
      failed: 0,
    })
    expect(await monitorsIn(db).get(site.id)).toMatchObject({ state: 'new', judgedAt: null })
  })

  test('with a due second of a wrong clock is given back instead of waited for', async () => {
    const site = await watch('site.test')
    const there = prober(() => answered(200))
    await expect(there.run(request([check(site, noon + 3_600_000)]))).rejects.toMatchObject({ name: 'RetryLater' })
  })
})

test('an event whose due second cannot be read goes to the dead letters', async () => {
  const site = await watch('site.test')
  const there = prober(() => answered(200))
  const event = request([check(site, noon), check(site, noon, { dueAt: 'soon' })], 'now')
  await expect(there.run(event)).rejects.toMatchObject({ name: 'Permanent' })
})

test('at the end of the process what is not due yet goes back, what runs is kept', async () => {
  const [running, waiting] = [await watch('running.test'), await watch('waiting.test')]
  const there = prober(() => there.time.sleep(400).then(() => answered(200)))
  const handled = there.begin(request([check(running, noon), check(waiting, noon + 15_000)]))
  await there.time.pass(100)
  there.end()
  await expect(there.time.until(handled)).rejects.toMatchObject({ name: 'RetryLater', seconds: 1 })
  expect(there.time.clock().getTime()).toBeLessThan(noon + 5_000)
  expect(await rows()).toMatchObject([{ id: running.id, ok: true }])
})

test('at the end of the process a site that hangs is left to whoever comes next', async () => {
  const [hanging, quick] = [await watch('hanging.test'), await watch('quick.test')]
  const there = prober(url => (url.includes('hanging') ? there.time.sleep(30_000).then(() => silence) : answered(200)))
  const handled = there.begin(request([check(hanging, noon), check(quick, noon)]))
  await there.time.pass(100)
  there.end()
  await expect(there.time.until(handled)).rejects.toMatchObject({ message: '1 checks are given back' })
  expect(there.time.clock().getTime()).toBeLessThan(noon + 5_000)
  expect(await rows()).toMatchObject([{ id: quick.id, ok: true }])
})

describe('somebody who asks for a check', () => {
  test('gets the answer, and the same one when the event comes again', async () => {
    const site = await watch('site.test')
    const there = prober(() => answered(200))
    const event = request([check(site, noon)], 'now')
    await there.run(event)
    await there.time.pass(5_000)
    await there.run(event)
    expect(ids(there.told)).toEqual([`${event.id}/probe.finished/${site.id}`, `${event.id}/probe.finished/${site.id}`])
    expect(there.told[0]).toMatchObject({
      subject: `monitor/${site.id}`,
      data: { name: 'site.test', chatId, reason: 'now', ok: true, status: 200, error: null, totalMs: 12 },
    })
    expect(there.asked).toHaveLength(1)
  })

  test('hears of a failure that opens an incident once, and of one during the incident as an answer', async () => {
    const site = await watch('site.test')
    const there = prober(() => answered(404))
    await there.run(request([check(site, noon)], 'first'))
    expect(there.told.map(({ type }) => type)).toEqual(['dev.vigia.monitor.down'])
    await there.run(request([check(site, noon + 7_000)], 'now'))
    expect(there.told.map(({ type }) => type)).toEqual(['dev.vigia.monitor.down', 'dev.vigia.probe.finished'])
    expect(there.told[1]!.data).toMatchObject({ reason: 'now', ok: false, status: 404, error: 'status' })
  })

  test('hears nothing of a monitor that is gone', async () => {
    const site = await watch('site.test')
    await monitorsIn(db).remove(chatId, site.id)
    const there = prober(() => answered(200))
    await there.run(request([check(site, noon)], 'now'))
    expect(there.told).toEqual([])
  })
})

describe('a name with several addresses', () => {
  const ill: Dialled = { ...answered(503), addresses: 4 }

  test('comes back up when one of them is well, as it stayed up with one of them', async () => {
    const site = await watch('four.test')
    const there = prober((_, __, attempt) => (attempt === 2 ? { ...answered(200), addresses: 4 } : ill))
    await there.run(request([check(site, noon)]))
    expect(await rows()).toMatchObject([{ ok: true, attempts: 3 }])
    await there.run(request([check(site, noon + 60_000, { down: true })]))
    expect(await rows()).toMatchObject([{ ok: true }, { ok: true, attempts: 3 }])
  })

  test.each<[string, Dialled, number]>([
    ['has one address', answered(503), 1],
    ['has two', { ...ill, addresses: 2 }, 2],
    ['has four', ill, 3],
    ['accepts no connection', { ...silence, addresses: 4 }, 1],
    ['refuses connections', { ...nothing, error: 'refused', addresses: 4 }, 1],
  ])('that is down already and %s is looked at as often as makes sense', async (_, found, attempts) => {
    const site = await watch('four.test')
    const there = prober(() => found)
    await there.run(request([check(site, noon, { down: true })]))
    expect(await rows()).toMatchObject([{ ok: false, attempts }])
  })
})

test.each([
  [10_000, 3],
  [82_000, 3],
  [83_000, 2],
  [120_000, 2],
])('a time limit of %i ms leaves room for %i attempts', async (timeoutMs, attempts) => {
  const site = await watch('slow.test')
  const there = prober(() => ({ ...silence, contact: true }))
  await there.run(request([check(site, noon, { timeoutMs })]))
  expect(await rows()).toMatchObject([{ ok: false, attempts }])
  expect(ids(there.told)).toEqual(['incident/1/monitor.down'])
})

test('who asks for a check is told of a redirect from https to http, which is no failure', async () => {
  const site = await watch('site.test')
  const there = prober(() => ({ ...answered(200), warning: 'insecure-redirect' }))
  await there.run(request([check(site, noon)], 'now'))
  expect(there.told).toMatchObject([{ data: { ok: true, warning: 'insecure-redirect' } }])
  expect(await rows()).toMatchObject([{ ok: true, error: null }])
})

describe('a fault of ours', () => {
  const unknown = { ok: null, error: 'not-checked' }

  test('a network that is down takes no site down', async () => {
    const sites = await Promise.all(['a.test', 'b.test', 'c.test'].map(name => watch(name)))
    const there = prober(() => silence, { reference: async () => false })
    await there.run(request(sites.map(site => check(site, noon))))
    expect(there.told).toEqual([])
    expect(await rows()).toMatchObject([unknown, unknown, unknown])
    expect((await probeHoursIn(db).uptime([sites[0]!.id], new Date(noon))).get(sites[0]!.id)).toMatchObject({
      missed: 1,
    })
  })

  test('silence is believed while others are heard', async () => {
    const [silent, heard] = [await watch('silent.test'), await watch('heard.test')]
    const there = prober(url => (url.includes('silent') ? silence : answered(200)), { reference: async () => false })
    await there.run(request([check(silent, noon), check(heard, noon + 2_000)]))
    expect(ids(there.told)).toEqual(['incident/1/monitor.down'])
  })

  test('silence of the only site is believed when the reference answers', async () => {
    const site = await watch('site.test')
    const there = prober(() => silence, { reference: async () => true })
    await there.run(request([check(site, noon)]))
    expect(ids(there.told)).toEqual(['incident/1/monitor.down'])
  })

  test('a neighbour on the local network says nothing of the way out', async () => {
    const [silent, neighbour] = [await watch('silent.test'), await watch('neighbour.test')]
    const there = prober(url => (url.includes('silent') ? silence : { ...answered(200), address: '10.0.0.1' }), {
      reference: async () => false,
    })
    await there.run(request([check(silent, noon), check(neighbour, noon + 2_000)]))
    expect(there.told).toEqual([])
  })

  test('a name server that is down is not the fault of the names', async () => {
    const [named, numbered] = [await watch('named.test'), await watch('numbered.test')]
    const there = prober(
      url => (url.includes('named') ? { ...silence, error: 'dns', address: null } : { ...answered(200), dnsMs: null }),
      { reference: async () => false },
    )
    await there.run(request([check(named, noon), check(numbered, noon + 2_000)]))
    expect(there.told).toEqual([])
  })

  test.each<[string, boolean, boolean]>([
    ['a name that does not exist is down', true, true],
    ['a name server that is away is no fault of the name', false, false],
  ])('with a reference that needs no name, %s', async (_, noSuchName, isDown) => {
    const site = await watch('named.test')
    const failed: Dialled = { ...silence, error: 'dns', address: null, ...(noSuchName && { noSuchName: true }) }
    const there = prober(() => failed, { reference: async () => 'without-name' })
    await there.run(request([check(site, noon)]))
    expect(ids(there.told)).toEqual(isDown ? ['incident/1/monitor.down'] : [])
  })

  test('the references are those of PROBE_REFERENCE, else the Bot API', () => {
    expect(referencesIn(undefined)).toEqual(['tcp://api.telegram.org:443'])
    expect(referencesIn(undefined, 'http://bot-api:8081/x')).toEqual(['tcp://bot-api:8081'])
    expect(referencesIn(undefined, 'http://bot-api')).toEqual(['tcp://bot-api:80'])
    expect(referencesIn(undefined, 'https://user:secret@[fd00::1]/')).toEqual(['tcp://[fd00::1]:443'])
    expect(referencesIn('tcp://a.test:443, tcp://b.test:53', 'http://bot-api')).toEqual([
      ...['tcp://a.test:443', 'tcp://b.test:53'],
    ])
  })

  test('one reference that answers is enough, with or without a name', async () => {
    const dial = async (url: string): Promise<Dialled> =>
      url.includes('dead') ? silence : url.includes('named') ? nothing : { ...nothing, dnsMs: null }
    expect(await askReferences(['tcp://dead.test:1', 'tcp://named.test:1'], dial)).toBe(true)
    expect(await askReferences(['tcp://10.0.0.1:1', 'tcp://dead.test:1'], dial)).toBe('without-name')
    expect(await askReferences(['tcp://dead.test:1', 'tcp://dead2.test:1'], dial)).toBe(false)
  })

  test('a process out of sockets, or one that stood still, takes no site down', async () => {
    const site = await watch('site.test')
    const there = prober(() => ({ ...nothing, error: 'not-checked' }))
    await there.run(request([check(site, noon)]))
    expect(there.told).toEqual([])
    expect(await rows()).toMatchObject([unknown])
  })

  test('PostgreSQL away for 30 s with 200 monitors: no healthy site goes down, the sick one is told once it is back', async () => {
    const sites = await Promise.all(Array.from({ length: 200 }, (_, n) => watch(`site-${n}.test`, 10)))
    const sick = sites[77]!
    const there = prober((url, at) => answered(url === sick.url && at >= 20_000 ? 500 : 200))
    const handled: Promise<void>[] = []
    for (let slot = 0; slot < 9; slot++) {
      const dueAt = noon + slot * 10_000
      // Announced twelve seconds ahead, as the schedule does.
      const announced = there.time.sleep(dueAt - 12_000 - noon)
      for (let from = 0; from < 200; from += 50) {
        const batch = sites.slice(from, from + 50).map((site, n) => check(site, dueAt + (n % 10) * second))
        handled.push(announced.then(() => there.begin(request(batch))))
      }
    }
    await there.time.pass(15_000)
    there.setAway(true)
    await there.time.pass(30_000)
    expect(there.told).toEqual([])
    there.setAway(false)
    await there.time.until(Promise.all(handled))
    expect(ids(there.told)).toEqual(['incident/1/monitor.down'])
    const { rows } = await db.query<{ state: string; count: number }>(
      'select state, count(*) from monitor group by 1 order by 1',
    )
    expect(rows).toEqual([
      { state: 'down', count: 1 },
      { state: 'up', count: 199 },
    ])
    const tallies = [
      ...(
        await probeHoursIn(db).uptime(
          sites.map(({ id }) => id),
          new Date(noon),
        )
      ).values(),
    ]
    expect(tallies.every(({ ok, failed, missed }) => ok + failed === 9 && missed === 0)).toBe(true)
    expect(await incidentsIn(db).openOf(sick.id)).toMatchObject({ error: 'status', status: 500 })
  })

  test('a database that stays away gives the event back, and its repeat finds out what was kept', async () => {
    const site = await watch('site.test')
    const there = prober(() => answered(500))
    const event = request([check(site, noon)])
    there.setAway(true)
    await expect(there.run(event)).rejects.toMatchObject({ name: 'RetryLater' })
    await expect(there.run(event)).rejects.toMatchObject({ name: 'RetryLater' })
    there.setAway(false)
    await there.run(request([check(site, there.time.clock().getTime())]))
    expect(ids(there.told)).toEqual(['incident/1/monitor.down'])
  })
})

test('a real site over HTTP and TCP is asked, timed and told apart from one that is gone', async () => {
  const server = createServer((_, response) => response.writeHead(200).end('ok'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const dialler = safeDialler({ guard: addressGuard('127.0.0.0/8') })
  const vantage = vantageOf(addressGuard(), null)
  const measure: Measure = measureWith({ dialler, vantage, clock: () => new Date(noon), sleep: async () => {} })
  const site = { id: 1, intervalS: 60, url: `http://site.localhost:${port}/` }
  const http = await measure(check(site, noon))
  expect(http).toMatchObject({
    confirmed: false,
    result: { ok: true, status: 200, error: null, attempts: 1, tlsMs: null },
  })
  expect(http.result.totalMs).toBeGreaterThan(0)
  const tcp = await measure(check(site, noon, { kind: 'tcp', url: `tcp://127.0.0.1:${port}` }))
  expect(tcp.result).toMatchObject({ ok: true, status: null, error: null })
  await new Promise(resolve => server.close(resolve))
  const gone = await measure(check(site, noon))
  expect(gone).toMatchObject({ confirmed: true, result: { ok: false, status: null, error: 'refused', attempts: 3 } })
  const forbidden = await measure(check({ ...site, url: 'http://10.0.0.1/' }, noon))
  expect(forbidden).toMatchObject({ confirmed: true, result: { ok: false, error: 'private-address' } })
})

test('no more checks run at once than allowed, and none is forgotten', async () => {
  const inTurn = atMost(3)
  let running = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    if (most > 2) throw new Error('some fail')
  }
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => inTurn(work)))
  expect(outcomes).toHaveLength(20)
  expect(most).toBe(3)
  expect(running).toBe(0)
})

test('a wait ends early when it is told to', async () => {
  const ending = new AbortController()
  const waited = sleep(3_600_000, ending.signal)
  ending.abort()
  await waited
})

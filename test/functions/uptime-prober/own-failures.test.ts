import { describe, expect, test } from 'vitest'
import type { DialResult } from '#functions/dial/dial.ts'
import { checkReferences, referencesIn } from '#functions/uptime-prober/connectivity.ts'
import { uptimeSince } from '#test/support/probe-slots.ts'
import { addMonitor, incidentsOf, noon, proberDatabase, storedResults } from './database.ts'
import { checkOf, connected, ids, request, responded, second, startProber, timedOut } from './support.ts'

const database = proberDatabase()

describe('a failure on our side', () => {
  const unknown = { ok: null, error: 'not-checked' }

  test('a network that is down takes no monitor down', async () => {
    const sites = await Promise.all(['a.test', 'b.test', 'c.test'].map(name => addMonitor(database.db, name)))
    const prober = startProber(database.db, () => timedOut, { reference: async () => false })
    await prober.run(request(sites.map(site => checkOf(site, noon))))
    expect(prober.published).toEqual([])
    expect(await storedResults(database.db)).toMatchObject([unknown, unknown, unknown])
    expect((await uptimeSince(database.db, [sites[0]!.id], new Date(noon))).get(sites[0]!.id)).toMatchObject({
      missed: 1,
    })
  })

  test('a timeout counts against the site while other sites respond', async () => {
    const [silent, responding] = [
      await addMonitor(database.db, 'silent.test'),
      await addMonitor(database.db, 'responding.test'),
    ]
    const prober = startProber(database.db, url => (url.includes('silent') ? timedOut : responded(200)), {
      reference: async () => false,
    })
    await prober.run(request([checkOf(silent, noon), checkOf(responding, noon + 2_000)]))
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down'])
  })

  test('a timeout of the only site counts against it when the reference responds', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => timedOut, { reference: async () => true })
    await prober.run(request([checkOf(site, noon)]))
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down'])
  })

  test('a host on the local network does not prove that the Internet is reachable', async () => {
    const [silent, neighbour] = [
      await addMonitor(database.db, 'silent.test'),
      await addMonitor(database.db, 'neighbour.test'),
    ]
    const prober = startProber(
      database.db,
      url => (url.includes('silent') ? timedOut : { ...responded(200), address: '10.0.0.1' }),
      {
        reference: async () => false,
      },
    )
    await prober.run(request([checkOf(silent, noon), checkOf(neighbour, noon + 2_000)]))
    expect(prober.published).toEqual([])
  })

  test('a name server that is down does not count against the sites', async () => {
    const [named, numbered] = [
      await addMonitor(database.db, 'named.test'),
      await addMonitor(database.db, 'numbered.test'),
    ]
    const prober = startProber(
      database.db,
      url =>
        url.includes('named') ? { ...timedOut, error: 'dns', address: null } : { ...responded(200), dnsMs: null },
      { reference: async () => false },
    )
    await prober.run(request([checkOf(named, noon), checkOf(numbered, noon + 2_000)]))
    expect(prober.published).toEqual([])
  })

  test.each<[string, boolean, boolean]>([
    ['a monitor whose name does not exist is down', true, true],
    ['a name server that does not answer takes no monitor down', false, false],
  ])('with a reference that needs no name server, %s', async (_, noSuchName, isDown) => {
    const site = await addMonitor(database.db, 'named.test')
    const failed: DialResult = { ...timedOut, error: 'dns', address: null, ...(noSuchName && { noSuchName: true }) }
    const prober = startProber(database.db, () => failed, { reference: async () => 'without-name' })
    await prober.run(request([checkOf(site, noon)]))
    expect(ids(prober.published)).toEqual(isDown ? ['incident/1/monitor.down'] : [])
  })

  test('the references come from PROBE_REFERENCE, otherwise the Bot API is the reference', () => {
    expect(referencesIn(undefined)).toEqual(['tcp://api.telegram.org:443'])
    expect(referencesIn(undefined, 'http://bot-api:8081/x')).toEqual(['tcp://bot-api:8081'])
    expect(referencesIn(undefined, 'http://bot-api')).toEqual(['tcp://bot-api:80'])
    expect(referencesIn(undefined, 'https://user:secret@[fd00::1]/')).toEqual(['tcp://[fd00::1]:443'])
    expect(referencesIn('tcp://a.test:443, tcp://b.test:53', 'http://bot-api')).toEqual([
      ...['tcp://a.test:443', 'tcp://b.test:53'],
    ])
  })

  test('one reference that responds proves that the network works; if only addresses respond, nothing is proven about the name server', async () => {
    const dial = async (url: string): Promise<DialResult> =>
      url.includes('dead') ? timedOut : url.includes('named') ? connected : { ...connected, dnsMs: null }
    expect(await checkReferences(['tcp://dead.test:1', 'tcp://named.test:1'], dial)).toBe(true)
    expect(await checkReferences(['tcp://10.0.0.1:1', 'tcp://dead.test:1'], dial)).toBe('without-name')
    expect(await checkReferences(['tcp://dead.test:1', 'tcp://dead2.test:1'], dial)).toBe(false)
  })

  test('a process without free sockets, or with a blocked event loop, takes no monitor down', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => ({ ...connected, error: 'not-checked' }))
    await prober.run(request([checkOf(site, noon)]))
    expect(prober.published).toEqual([])
    expect(await storedResults(database.db)).toMatchObject([unknown])
  })

  test('PostgreSQL is unavailable for 30 s with 200 monitors of all kinds, some with secrets: no healthy site goes down, and the site that failed is announced afterwards', async () => {
    const sites = await Promise.all(
      Array.from({ length: 200 }, (_, n) => addMonitor(database.db, `site-${n}.test`, 10)),
    )
    const kinds = ['http', 'tcp', 'tls', 'dns', 'ping', 'websocket', 'grpc'] as const
    const schemes = { tcp: 'tcp', tls: 'tls', dns: 'dns', ping: 'ping', websocket: 'wss', grpc: 'grpc' } as const
    const sick = sites.find(({ id }, at) => at > 70 && id % kinds.length === 0)!
    const prober = startProber(database.db, (url, at) => responded(url === sick.url && at >= 20_000 ? 500 : 200))
    const handled: Promise<void>[] = []
    for (let slot = 0; slot < 9; slot++) {
      const dueAt = noon + slot * 10_000
      // The scheduler sends requests ahead of time. Here a request arrives twelve seconds before its first slot, but
      // not before noon.
      const announced = prober.time.sleep(dueAt - 12_000 - noon)
      for (let from = 0; from < 200; from += 50) {
        const batch = sites.slice(from, from + 50).map((site, n) => {
          const kind = kinds[site.id % kinds.length]!
          const url = kind === 'http' ? site.url : `${schemes[kind]}://site.test:443`
          return checkOf({ ...site, url }, dueAt + (n % 10) * second, { kind, hasSecrets: n % 25 === 0 })
        })
        handled.push(announced.then(() => prober.start(request(batch))))
      }
    }
    await prober.time.pass(15_000)
    prober.setDatabaseDown(true)
    await prober.time.pass(30_000)
    expect(prober.published).toEqual([])
    prober.setDatabaseDown(false)
    await prober.time.until(Promise.all(handled))
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down'])
    const { rows } = await database.db.query<{ state: string; count: number }>(
      'select state, count(*) from monitor group by 1 order by 1',
    )
    expect(rows).toEqual([
      { state: 'down', count: 1 },
      { state: 'up', count: 199 },
    ])
    const tallies = [
      ...(
        await uptimeSince(
          database.db,
          sites.map(({ id }) => id),
          new Date(noon),
        )
      ).values(),
    ]
    expect(tallies.every(({ ok, failed, missed }) => ok + failed === 9 && missed === 0)).toBe(true)
    expect(await incidentsOf(database.db, sick.id)).toMatchObject([{ closedAt: null, error: 'status', status: 500 }])
  })

  test('while the database stays unavailable the event returns to the broker, and a later check opens the incident', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => responded(500))
    const event = request([checkOf(site, noon)])
    prober.setDatabaseDown(true)
    await expect(prober.run(event)).rejects.toMatchObject({ name: 'RetryLater' })
    await expect(prober.run(event)).rejects.toMatchObject({ name: 'RetryLater' })
    prober.setDatabaseDown(false)
    await prober.run(request([checkOf(site, prober.time.clock().getTime())]))
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down'])
  })
})

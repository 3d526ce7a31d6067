import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HTTP, CloudEvent as SdkEvent } from 'cloudevents'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { BadQuery, type BrokerChange, type BrokerOptions, startBroker, type Trigger } from '#local/broker/broker.ts'
import { inBinaryMode } from '#local/broker/event/cloud-event.ts'
import { readEvent } from '#local/broker/event/read-event.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import {
  type BrokerServer,
  delivery,
  eventHeaders,
  type Recorder,
  startBrokerServer,
  startRecorder,
  triggerFor,
  urlDestination,
} from '#test/support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

let database: TestDatabase
let recorder: Recorder
const houses: BrokerServer[] = []

beforeAll(async () => {
  recorder = await startRecorder()
  return recorder.stop
})

beforeEach(async () => {
  database = await emptyDatabase()
  recorder.forget()
})

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
  await database.end()
})

const open = async (triggers: readonly Trigger[], more: Partial<BrokerOptions> = {}): Promise<BrokerServer> => {
  const house = await startBrokerServer(database.url, triggers, more)
  houses.push(house)
  return house
}

const close = async (house: BrokerServer) => {
  houses.splice(houses.indexOf(house), 1)
  await house.stop()
}

const at = (path: string) => recorder.url + path
const allDone = async (house: BrokerServer, type = 'test') =>
  until(
    async () => {
      const events = await house.broker.reads.events({ type, limit: 1000 })
      return events.length > 0 && events.every(({ state }) => state === 'done')
    },
    { what: 'the end of every event' },
  )

/** A promise and its switch. */
const gate = () => Promise.withResolvers<void>()

describe('what tools read', () => {
  test('a list of events, newest first, by type, source, subject and time', async () => {
    recorder.does('/dead', () => ({ status: 422, body: 'no such show' }))
    const house = await open(
      [
        triggerFor('good', 'good', at('/good')),
        { ...triggerFor('bad', 'bad', at('/dead')), subscriber: { kind: 'function', name: 'bad', path: '/' } },
      ],
      {
        resolve: destination =>
          destination.kind === 'function'
            ? { url: at('/dead'), function: destination.name }
            : { url: (destination as { url: string }).url, function: null },
      },
    )
    const time = '2026-11-21T12:00:00Z'
    await house.post('1', 'good', { 'ce-subject': 'show/82', 'ce-time': time, 'ce-causationid': '0' })
    await house.post('2', 'bad')
    await until(async () => (await house.broker.reads.events({})).every(({ state }) => state !== 'pending'))
    const { reads } = house.broker
    const [bad, good] = await reads.events({})
    expect(good).toEqual({
      seq: 1,
      id: '1',
      type: 'good',
      source: '/functions/test',
      subject: 'show/82',
      time,
      acceptedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      causationid: '0',
      state: 'done',
    })
    expect(bad).toMatchObject({ seq: 2, id: '2', subject: null, time: null, causationid: null, state: 'dead' })
    const ids = async (query: object) => (await reads.events(query)).map(({ id }) => id)
    expect(await ids({ limit: 1 })).toEqual(['2'])
    expect(await ids({ type: 'good' })).toEqual(['1'])
    expect(await ids({ subject: 'show/82', source: '/functions/test' })).toEqual(['1'])
    expect(await ids({ subject: 'show/83' })).toEqual([])
    expect(await ids({ since: bad!.acceptedAt })).toEqual(['2'])
    expect(await ids({ since: '2100-01-01T00:00:00Z' })).toEqual([])
    for (const query of [{ since: 'yesterday' }, { limit: 0 }, { limit: 'x' }, { limit: 1001 }])
      await expect(reads.events(query)).rejects.toThrow(BadQuery)

    expect(await reads.event(2)).toEqual({
      seq: 2,
      state: 'dead',
      event: {
        specversion: '1.0',
        id: '2',
        type: 'bad',
        source: '/functions/test',
        datacontenttype: 'application/json',
        knativearrivaltime: expect.any(String),
        data: {},
      },
      deliveries: [
        {
          trigger: 'bad',
          function: 'bad',
          state: 'dead',
          attempts: [{ at: expect.any(String), ms: expect.any(Number), status: 422, error: 'no such show' }],
        },
      ],
    })
    expect(await reads.event(3)).toBeNull()
  })

  test('bytes are shown as data_base64, text as text, nothing as nothing', async () => {
    const house = await open([])
    const body = Buffer.from([0, 255])
    for (const [index, type] of ['application/octet-stream', 'text/plain', 'application/json'].entries())
      await sendRequest(house.ingressUrl, {
        headers: eventHeaders(`${index}`, 'a', { 'content-type': type }),
        body: index === 1 ? 'é' : index === 2 ? '' : body,
      })
    const shown = await Promise.all([1, 2, 3].map(async seq => (await house.broker.reads.event(seq))!.event))
    expect(shown[0]).toMatchObject({ data_base64: 'AP8=' })
    expect(shown[1]).toMatchObject({ data: 'é' })
    expect(shown[2]).not.toHaveProperty('data')
  })

  test.each([100, 2_000, 2_499, 2_500, 5_000, 200_000])(
    'JSON %i levels deep is delivered as it came, and shown as JSON or as bytes',
    async levels => {
      recorder.does('/deep', () => ({ status: 204 }))
      const house = await open([triggerFor('deep', 'deep', at('/deep'))])
      const body = `${'['.repeat(levels)}${']'.repeat(levels)}`
      await house.post('1', 'deep', {}, body)
      await until(async () => (await house.broker.reads.events({})).every(({ state }) => state === 'done'))
      expect(recorder.got('/deep').map(got => got.body.toString())).toEqual([body])
      const { event } = (await house.broker.reads.event(1))!
      expect(() => JSON.stringify(event)).not.toThrow()
      if (levels > 5_000) expect(event).toMatchObject({ data_base64: Buffer.from(body).toString('base64') })
    },
  )

  test('who taps the broker hears of every event, attempt and end', async () => {
    const house = await open([triggerFor('a', 'test', at('/a'))])
    const news: BrokerChange[] = []
    const stop = house.broker.tap(one => news.push(one))
    await house.post('1', 'test')
    await until(() => news.some(({ kind }) => kind === 'settled'))
    expect(news).toMatchObject([
      { kind: 'accepted', seq: 1, event: { attributes: { id: '1' } } },
      { kind: 'attempted', seq: 1, trigger: 'a', status: 204, error: null },
      { kind: 'settled', seq: 1, trigger: 'a', state: 'done' },
    ])
    stop()
    await house.post('2', 'test')
    await allDone(house)
    expect(news.length).toBe(3)
    expect(house.broker.stats()).toMatchObject({
      accepted: 2,
      attempts: 2,
      done: 2,
      dead: 0,
      inMemory: 0,
      storeOpen: true,
    })
  })
})

describe('sending again', () => {
  const triggers = () => [triggerFor('a', 'test', at('/a'), { retry: 1 })]

  test('a dead event goes to its Trigger again, and is done when it is taken', async () => {
    let healthy = false
    recorder.does('/a', () => ({ status: healthy ? 204 : 500 }))
    const house = await open(triggers())
    await house.post('1', 'test', { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, '{"b":1}')
    await until(async () => (await house.broker.reads.event(1))?.state === 'dead')
    healthy = true
    const { event } = (await house.broker.reads.event(1))!
    await house.broker.redeliver({ ...event, knativeerrorcode: '500', vigiahops: 3 }, 'a')
    await allDone(house)
    expect((await house.broker.reads.event(1))!.deliveries[0]!.attempts.map(({ status }) => status)).toEqual([
      500, 500, 204,
    ])
    expect(recorder.got('/a').at(-1)!.body.toString()).toBe('{"b":1}')
  })

  test('who gets the dead letter may ask for it at once', async () => {
    let healthy = false
    recorder.does('/a', () => ({ status: healthy ? 204 : 422 }))
    const house = await open([triggerFor('a', 'test', at('/a'), { deadLetterSink: urlDestination(at('/sink')) })])
    recorder.does('/sink', async () => {
      healthy = true
      await house.broker.redeliver((await house.broker.reads.event(1))!.event, 'a')
      await until(() => house.broker.stats().inMemory > 0 && recorder.got('/sink').length === 1)
      return { status: 204 }
    })
    await house.post('1', 'test')
    await allDone(house)
    expect(recorder.got('/a').length).toBe(2)
    expect(recorder.got('/sink').length).toBe(1)
  })

  test('an event that is no longer stored is stored anew', async () => {
    const house = await open(triggers())
    const letter = {
      id: '9',
      type: 'test',
      source: '/functions/x',
      time: '2026-11-21T12:00:00.000Z',
      datacontenttype: 'application/json',
      data: { a: 1 },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      vigiahops: 2,
      knativeerrordest: 'x',
    }
    await house.broker.redeliver(letter, 'a')
    await allDone(house)
    const [got] = recorder.got('/a')
    expect(got!.headers).toMatchObject({
      'ce-id': '9',
      'ce-time': letter.time,
      'ce-vigiahops': '2',
      traceparent: letter.traceparent,
    })
    expect(got!.headers).not.toHaveProperty('ce-knativeerrordest')
    expect(got!.headers).not.toHaveProperty('ce-traceparent')
    expect(got!.body.toString()).toBe('{"a":1}')
  })

  test('an unknown Trigger and an event that is none are refused in words', async () => {
    const { broker } = await open(triggers())
    await expect(broker.redeliver({ id: '1' }, 'nope')).rejects.toThrow('there is no Trigger nope')
    await expect(broker.redeliver({ id: '1' }, 'a')).rejects.toThrow('attribute type is missing')
  })

  test('with every event delivered twice, the second answer counts', async () => {
    const house = await open(
      [triggerFor('a', 'test', at('/a'), { retry: 1 }), triggerFor('b', 'test', at('/b'), { retry: 1 })],
      { deliverTwice: true },
    )
    recorder.does('/b', (_, nth) => ({ status: nth === 2 ? 500 : 204 }))
    await house.post('1', 'test')
    await allDone(house)
    expect(recorder.got('/a').length).toBe(2)
    expect(recorder.got('/b').length).toBe(4)
  })
})

describe('many at once', () => {
  test('no more than so many are in flight to one Trigger, and the rest waits its turn', async () => {
    let now = 0
    let most = 0
    recorder.does('/a', async () => {
      most = Math.max(most, ++now)
      await new Promise(resolve => setImmediate(resolve))
      now--
      return { status: 204 }
    })
    const house = await open([triggerFor('a', 'test', at('/a'))], { inFlight: 3 })
    const statuses = await Promise.all(Array.from({ length: 200 }, (_, id) => house.post(`${id}`, 'test')))
    expect(new Set(statuses)).toEqual(new Set([202]))
    await allDone(house)
    expect(recorder.got('/a').length).toBe(200)
    expect(most).toBeLessThanOrEqual(3)
  })

  test('a subscriber that never answers holds up nobody else', async () => {
    recorder.does('/hangs', () => 'silence')
    const house = await open([triggerFor('hangs', 'test', at('/hangs')), triggerFor('good', 'test', at('/good'))], {
      inFlight: 2,
    })
    for (let id = 0; id < 30; id++) await house.post(`${id}`, 'test')
    await until(() => recorder.got('/good').length === 30)
    expect(recorder.got('/hangs').length).toBe(2)
    await house.broker.stop({ graceMs: 0 })
  })

  test('Triggers that do not match store no delivery', async () => {
    const others = Array.from({ length: 20 }, (_, index) =>
      triggerFor(`other-${index}`, `other-${index}`, at('/other')),
    )
    const house = await open([...others, triggerFor('a', 'test', at('/a'))])
    await house.post('1', 'test')
    await allDone(house)
    expect((await house.broker.reads.event(1))!.deliveries.map(({ trigger }) => trigger)).toEqual(['a'])
  })
})

describe('a function that has to start first', () => {
  const reaching = (reach: () => Promise<{ origin: string; release(): void }>) =>
    open(
      [
        {
          name: 'a',
          filters: [],
          subscriber: { kind: 'function', name: 'a', path: '/' },
          delivery: delivery({ retry: 2 }),
        },
      ],
      {
        resolve: () => ({ url: 'http://a.localhost:8080/events?x=1', function: 'a', timeoutMs: 60_000, reach }),
      },
    )

  test('holds the request, and no attempt is spent', async () => {
    const started = gate()
    const release = vi.fn()
    const house = await reaching(async () => {
      await started.promise
      return { origin: recorder.url, release }
    })
    await house.post('1', 'test')
    await until(() => house.broker.stats().inFlight === 1)
    expect(recorder.all).toEqual([])
    started.resolve()
    await allDone(house)
    const [got] = recorder.all
    expect(got).toMatchObject({ path: '/events?x=1', headers: { host: 'a.localhost:8080' } })
    expect((await house.broker.reads.event(1))!.deliveries[0]!.attempts.length).toBe(1)
    expect(release).toHaveBeenCalledOnce()
  })

  test('that cannot start answers 503 in words, and is tried again', async () => {
    let tries = 0
    const house = await reaching(async () => {
      if (++tries < 3) throw new Error('a crashes at its start')
      return { origin: recorder.url, release: () => {} }
    })
    await house.post('1', 'test')
    await allDone(house)
    const { attempts } = (await house.broker.reads.event(1))!.deliveries[0]!
    expect(attempts.map(({ status, error }) => [status, error])).toEqual([
      [503, 'a crashes at its start'],
      [503, 'a crashes at its start'],
      [204, null],
    ])
  })

  test("and is slower than its own time limit answers 504, which is no timeout of the Trigger's", async () => {
    recorder.does('/slow', () => 'silence')
    const house = await open([triggerFor('a', 'test', at('/slow'), { deadLetterSink: urlDestination(at('/sink')) })], {
      resolve: destination => ({ url: (destination as { url: string }).url, function: 'a', timeoutMs: 20 }),
    })
    await house.post('1', 'test')
    const letter = await until(() => recorder.got('/sink')[0])
    expect(letter.headers).toMatchObject({ 'ce-knativeerrorcode': '504' })
  })
})

describe('ends and beginnings', () => {
  const triggers = (more = {}) => [triggerFor('a', 'test', at('/a'), { retry: 50, ...more })]

  test('a stop waits for what is in flight; the next start goes on with the rest', async () => {
    const answer = gate()
    recorder.does('/a', async (_, nth) => {
      if (nth === 1) await answer.promise
      return { status: 204 }
    })
    const house = await open(triggers(), { inFlight: 1 })
    for (const id of ['1', '2', '3']) await house.post(id, 'test')
    await until(() => recorder.got('/a').length === 1)
    const stopped = close(house)
    answer.resolve()
    await stopped
    expect(recorder.got('/a').length).toBe(1)
    const next = await open(triggers())
    await allDone(next)
    expect(
      recorder
        .got('/a')
        .map(({ headers }) => headers['ce-id'])
        .sort(),
    ).toEqual(['1', '2', '3'])
  })

  test('a process that is killed loses nothing it said 202 to', async () => {
    const script = fileURLToPath(new URL('../../support/broker-server.process.ts', import.meta.url))
    let slow = true
    recorder.does('/a', () => (slow ? 'silence' : { status: 204 }))
    const child = fork(script, [database.url, at('/a')])
    const [{ ingressUrl }] = (await once(child, 'message')) as [{ ingressUrl: string }]
    const kept: string[] = []
    const posting = Array.from({ length: 300 }, async (_, index) => {
      const id = `${index}`
      const response = await sendRequest(ingressUrl, { headers: eventHeaders(id, 'test'), body: '{}' }).catch(
        () => null,
      )
      if (response?.status === 202) kept.push(id)
      if (kept.length === 150) child.kill('SIGKILL')
    })
    await Promise.all(posting)
    if (child.signalCode === null) await once(child, 'exit')
    expect(kept.length).toBeGreaterThanOrEqual(150)
    slow = false
    const next = await open(triggers())
    await allDone(next)
    const delivered = new Set(recorder.got('/a').map(({ headers }) => headers['ce-id']))
    expect(kept.filter(id => !delivered.has(id))).toEqual([])
  })

  test('a second broker on the same database refuses to start, and says who is there', async () => {
    const house = await open(triggers())
    await expect(startBrokerServer(database.url, triggers())).rejects.toThrow(
      /another broker works on this database \(vigia broker, server process \d+\)/,
    )
    expect(await house.post('1', 'test')).toBe(202)
  })

  test('a database that does not answer, and filters that are traps, end the start with one line', async () => {
    const options = {
      namespace: 'vigia',
      triggers: [],
      resolve: () => ({ url: 'http://a/', function: null }),
      log: console,
    }
    await expect(startBroker({ ...options, databaseUrl: 'postgresql://vigia@127.0.0.1:1/vigia' })).rejects.toThrow(
      /ECONNREFUSED/,
    )
    await expect(open([{ ...triggerFor('a', 'test', at('/a')), filters: [{ exact: { type: '' } }] }])).rejects.toThrow(
      /^Trigger a: filters\[0\]\.exact\.type is empty/,
    )
    await expect(open([...triggers(), ...triggers()])).rejects.toThrow('Trigger a exists twice; rename one of the two')
  })

  test('what was on its way to a Trigger that is gone is given up, in words', async () => {
    recorder.does('/a', () => ({ status: 500 }))
    const house = await open(triggers({ backoffDelayMs: 3_600_000 }))
    await house.post('1', 'test')
    await until(() => recorder.got('/a').length === 1)
    await close(house)
    const warn = vi.fn()
    const next = await open([triggerFor('b', 'test', at('/b'))], { log: { info: () => {}, warn, error: () => {} } })
    expect((await next.broker.reads.event(1))!.deliveries).toMatchObject([
      { trigger: 'a', function: null, state: 'dead' },
    ])
    expect(warn).toHaveBeenCalledWith({ trigger: 'a', deliveries: 1 }, expect.stringMatching(/gone/))
  })

  test('a delivery that outlasts its lease keeps it: nobody gets it a second time', async () => {
    const answer = gate()
    recorder.does('/a', async () => {
      await answer.promise
      return { status: 204 }
    })
    const house = await open(triggers(), { leaseMs: 200 })
    await house.post('1', 'test')
    const due = async () => {
      const { rows } = await database.db.query<{ due: Date }>('select due from broker.delivery')
      return rows[0]!.due
    }
    const first = await due()
    await until(async () => (await due()).getTime() > first.getTime() + 400, { what: 'two renewals' })
    answer.resolve()
    await allDone(house)
    expect(recorder.got('/a').length).toBe(1)
  })
})

describe('PostgreSQL goes away', () => {
  /** A server of our own: the one that all tests share is not ours to kill. */
  const withServer = async (work: (server: Awaited<ReturnType<typeof startPostgres>>) => Promise<void>) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'vigia-broker-'))
    await chmod(dataDir, 0o755)
    const server = await startPostgres({ dataDir })
    try {
      await work(server)
    } finally {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  }

  test('under load, killed three times: 202 or 503, and nothing that got 202 is lost', async () => {
    await withServer(async server => {
      const house = await startBrokerServer(server.url, [triggerFor('a', 'test', at('/a'), { retry: 50 })])
      const kept: string[] = []
      const statuses = new Set<number>()
      let running = true
      const sender = async (name: number) => {
        for (let id = 0; running; id++) {
          const heard = await sendRequest(house.ingressUrl, {
            headers: eventHeaders(`${name}/${id}`, 'test'),
            body: '{}',
          })
          statuses.add(heard.status)
          if (heard.status === 202) kept.push(`${name}/${id}`)
          else {
            expect(heard.headers['retry-after']).toBe('1')
            await until(() => house.broker.stats().storeOpen, { what: 'the store' })
          }
        }
      }
      const senders = Array.from({ length: 8 }, (_, name) => sender(name))
      for (let round = 0; round < 3; round++) {
        const before = kept.length
        await until(() => kept.length > before + 50, { what: 'events' })
        process.kill(server.pid!, 'SIGKILL')
        await until(() => !house.broker.stats().storeOpen, { what: 'the broker to notice' })
      }
      const before = kept.length
      await until(() => kept.length > before, { what: 'events' })
      running = false
      await Promise.all(senders)
      expect([...statuses].sort()).toEqual([202, 503])
      await until(
        () => {
          const delivered = new Set(recorder.got('/a').map(({ headers }) => headers['ce-id']))
          return kept.every(id => delivered.has(id))
        },
        { what: 'every event that got 202' },
      )
      await until(() => house.broker.stats().inMemory === 0, { what: 'the ends to be stored' })
      await house.stop()
    })
  })

  test('an answer that comes meanwhile is kept in memory and stored afterwards: no second delivery', async () => {
    await withServer(async server => {
      const answer = gate()
      recorder.does('/a', async () => {
        await answer.promise
        return { status: 204 }
      })
      const house = await startBrokerServer(server.url, [triggerFor('a', 'test', at('/a'), { retry: 50 })])
      await house.post('1', 'test')
      await until(() => recorder.got('/a').length === 1)
      process.kill(server.pid!, 'SIGKILL')
      await until(() => !house.broker.stats().storeOpen)
      expect(await house.post('2', 'test')).toBe(503)
      answer.resolve()
      await until(async () => (await house.broker.reads.event(1).catch(() => null))?.state === 'done')
      expect(recorder.got('/a').length).toBe(1)
      await house.stop()
    })
  })
})

describe('PostgreSQL is there, and yet', () => {
  const triggers = () => [triggerFor('a', 'test', at('/a'), { retry: 50 })]

  test('what it refuses (a full disk, a missing table) gets 503, and acks wait until it takes them', async () => {
    const answer = gate()
    recorder.does('/a', async () => {
      await answer.promise
      return { status: 204 }
    })
    const house = await open(triggers())
    await house.post('1', 'test')
    await database.db.query('alter table broker.attempt rename to gone')
    expect(await house.post('2', 'test')).toBe(503)
    answer.resolve()
    await until(() => recorder.got('/a').length === 1 && house.broker.stats().inFlight === 0)
    expect(await house.post('3', 'test')).toBe(503)
    await database.db.query('alter table broker.gone rename to attempt')
    await allDone(house)
    expect(recorder.got('/a').length).toBe(1)
    expect(await house.post('2', 'test')).toBe(202)
  })

  test('while it stands still events get 503, and what it stored after all is delivered', async () => {
    const house = await open(triggers(), { databaseTimeoutMs: 300, leaseMs: 500 })
    const locked = gate()
    const unlock = gate()
    const locking = database.db.transaction(async tx => {
      await tx.query('lock table broker.event in access exclusive mode')
      locked.resolve()
      await unlock.promise
    })
    await locked.promise
    expect(await house.post('1', 'test')).toBe(503)
    unlock.resolve()
    await locking
    await until(() => house.broker.stats().storeOpen)
    expect(await until(async () => (await house.post('1', 'test')) === 202)).toBe(true)
    await allDone(house)
    expect(recorder.got('/a').map(({ headers }) => headers['ce-id'])).toContain('1')
  })

  test('a broker that lost its database to another one keeps away, and numbers on from where that one ended', async () => {
    const house = await open(triggers())
    await house.post('1', 'test')
    await allDone(house)
    const free = gate()
    const other = database.db.transaction(async tx => {
      await tx.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = 7610
        and database = (select oid from pg_database where datname = current_database())`)
      await tx.query('select pg_advisory_xact_lock(7610, 1)')
      await tx.query(
        `select setval('broker.epoch', (select last_value + 1 from broker.epoch)), setval('broker.event_seq', 41)`,
      )
      await free.promise
    })
    await until(async () => (await house.post('x', 'test')) === 503)
    free.resolve()
    await other
    await until(() => house.broker.stats().storeOpen)
    expect(await house.post('2', 'test')).toBe(202)
    const [newest] = await house.broker.reads.events({ limit: 1 })
    expect(newest).toMatchObject({ id: '2', seq: 42 })
  })
})

describe('reading events', () => {
  const text = fc.string({ unit: fc.constantFrom(...'aZ09/.-_~é😀 ') }).filter(said => said.trim() !== '')
  const attributes = fc.record({
    id: text.map(said => said.trim()),
    type: fc.stringMatching(/^[a-z.]{1,20}$/),
    source: fc.stringMatching(/^\/[a-z/]{0,20}$/),
    subject: text.map(said => said.trim()),
    ext: fc.stringMatching(/^[a-z0-9]{1,10}$/),
  })
  const data = fc.dictionary(fc.string(), fc.jsonValue()).map(value => JSON.parse(JSON.stringify(value)))

  test('what the SDK writes in either mode is read, and read again by the SDK it is the same', () => {
    fc.assert(
      fc.property(attributes, data, fc.boolean(), (said, value, isStructured) => {
        const event = new SdkEvent({
          ...said,
          time: '2026-11-21T12:00:00.000Z',
          datacontenttype: 'application/json',
          data: value,
        })
        const message = isStructured ? HTTP.structured(event) : HTTP.binary(event)
        const wire = Object.fromEntries(
          Object.entries(message.headers).map(([name, header]) => [
            name.toLowerCase(),
            Buffer.from(String(header)).toString('latin1'),
          ]),
        )
        const read = readEvent(wire, Buffer.from(String(message.body)), new Date())
        if (read.kind !== 'event') throw new Error(JSON.stringify(read))
        const { headers, body } = inBinaryMode(read.event)
        const again: Record<string, string> = {}
        for (let index = 0; index < headers.length; index += 2)
          again[headers[index]!] = Buffer.from(headers[index + 1]!, 'latin1').toString()
        const { knativearrivaltime: _, ...back } = (
          HTTP.toEvent({ headers: again, body: body.toString() }) as SdkEvent
        ).toJSON() as Record<string, unknown>
        expect(back).toEqual(event.toJSON())
      }),
      { numRuns: 300 },
    )
  })

  test('whatever comes is an event or is refused: nothing throws', () => {
    const headers = fc.dictionary(
      fc.constantFrom(
        'content-type',
        'ce-id',
        'ce-type',
        'ce-source',
        'ce-specversion',
        'ce-time',
        'ce-dataschema',
        'ce-x',
        'ce-__proto__',
        'ce-knativebrokerttl',
      ),
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('1.0', 'application/cloudevents+json', '/a', 'http://[', '%', '://'),
      ),
    )
    const bodies = fc.oneof(
      fc.uint8Array().map(bytes => Buffer.from(bytes)),
      fc.json().map(json => Buffer.from(json)),
      fc
        .dictionary(
          fc.constantFrom('specversion', 'id', 'type', 'source', 'data', 'data_base64', '__proto__', 'time'),
          fc.oneof(fc.jsonValue(), fc.constantFrom('1.0', '0.3')),
        )
        .map(said => Buffer.from(JSON.stringify(said))),
    )
    fc.assert(
      fc.property(headers, bodies, (said, body) => {
        const read = readEvent(said, body, new Date())
        expect(['event', 'empty', 'unreadable', 'invalid']).toContain(read.kind)
        expect(Object.getPrototypeOf({})).toBe(Object.prototype)
      }),
      { numRuns: 1000 },
    )
  })
})

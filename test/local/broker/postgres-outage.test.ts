import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startPostgres } from '#local/databases/postgres.ts'
import { eventHeaders, startBrokerServer, triggerFor } from '#test/support/broker-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import { allDone, brokerFixture } from './support.ts'

const { at, database, open, recorder } = brokerFixture()

const gate = () => Promise.withResolvers<void>()

describe('when PostgreSQL is killed', () => {
  /** A PostgreSQL server that only this test uses, because the test kills it. */
  const withPostgres = async (work: (postgres: Awaited<ReturnType<typeof startPostgres>>) => Promise<void>) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'vigia-broker-'))
    await chmod(dataDir, 0o755)
    const postgres = await startPostgres({ dataDir })
    try {
      await work(postgres)
    } finally {
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  }

  test('three times under load, each event gets 202 or 503, and no event that got 202 is lost', async () => {
    await withPostgres(async postgres => {
      const server = await startBrokerServer(postgres.url, [triggerFor('a', 'test', at('/a'), { retry: 50 })])
      const accepted: string[] = []
      const statuses = new Set<number>()
      let running = true
      const sender = async (name: number) => {
        for (let id = 0; running; id++) {
          const response = await sendRequest(server.ingressUrl, {
            headers: eventHeaders(`${name}/${id}`, 'test'),
            body: '{}',
          })
          statuses.add(response.status)
          if (response.status === 202) accepted.push(`${name}/${id}`)
          else {
            expect(response.headers['retry-after']).toBe('1')
            await until(() => server.broker.stats().storeOpen, { what: 'the store to be open' })
          }
        }
      }
      const senders = Array.from({ length: 8 }, (_, name) => sender(name))
      for (let round = 0; round < 3; round++) {
        const before = accepted.length
        await until(() => accepted.length > before + 50, { what: 'more accepted events' })
        process.kill(postgres.pid!, 'SIGKILL')
        await until(() => !server.broker.stats().storeOpen, { what: 'the broker to notice the outage' })
      }
      const before = accepted.length
      await until(() => accepted.length > before, { what: 'more accepted events' })
      running = false
      await Promise.all(senders)
      expect([...statuses].sort()).toEqual([202, 503])
      await until(
        () => {
          const delivered = new Set(recorder.received('/a').map(({ headers }) => headers['ce-id']))
          return accepted.every(id => delivered.has(id))
        },
        { what: 'the delivery of every event that got 202' },
      )
      await until(() => server.broker.stats().inMemory === 0, { what: 'the outcomes to be stored' })
      await server.stop()
    })
  })

  test('a response that arrives during the outage is kept in memory and stored afterwards, so the event is not delivered twice', async () => {
    await withPostgres(async postgres => {
      const answer = gate()
      recorder.respond('/a', async () => {
        await answer.promise
        return { status: 204 }
      })
      const server = await startBrokerServer(postgres.url, [triggerFor('a', 'test', at('/a'), { retry: 50 })])
      await server.post('1', 'test')
      await until(() => recorder.received('/a').length === 1)
      process.kill(postgres.pid!, 'SIGKILL')
      await until(() => !server.broker.stats().storeOpen)
      expect(await server.post('2', 'test')).toBe(503)
      answer.resolve()
      await until(async () => (await server.broker.reads.event(1).catch(() => null))?.state === 'done')
      expect(recorder.received('/a').length).toBe(1)
      await server.stop()
    })
  })
})

describe('when PostgreSQL runs, but refuses or hangs', () => {
  const triggers = () => [triggerFor('a', 'test', at('/a'), { retry: 50 })]

  test('an event that PostgreSQL refuses (full disk, missing table) gets 503, and outcomes wait until PostgreSQL accepts them', async () => {
    const answer = gate()
    recorder.respond('/a', async () => {
      await answer.promise
      return { status: 204 }
    })
    const server = await open(triggers())
    await server.post('1', 'test')
    await database().db.query('alter table broker.attempt rename to gone')
    expect(await server.post('2', 'test')).toBe(503)
    answer.resolve()
    await until(() => recorder.received('/a').length === 1 && server.broker.stats().inFlight === 0)
    expect(await server.post('3', 'test')).toBe(503)
    await database().db.query('alter table broker.gone rename to attempt')
    await allDone(server)
    expect(recorder.received('/a').length).toBe(1)
    expect(await server.post('2', 'test')).toBe(202)
  })

  test('events get 503 while PostgreSQL hangs, and an event that PostgreSQL stored after its 503 is delivered', async () => {
    const server = await open(triggers(), { databaseTimeoutMs: 300, leaseMs: 500 })
    const locked = gate()
    const unlock = gate()
    const locking = database().db.transaction(async tx => {
      await tx.query('lock table broker.event in access exclusive mode')
      locked.resolve()
      await unlock.promise
    })
    await locked.promise
    expect(await server.post('1', 'test')).toBe(503)
    unlock.resolve()
    await locking
    await until(() => server.broker.stats().storeOpen)
    expect(await until(async () => (await server.post('1', 'test')) === 202)).toBe(true)
    await allDone(server)
    expect(recorder.received('/a').map(({ headers }) => headers['ce-id'])).toContain('1')
  })

  test('a broker that loses its lock to another broker waits for the lock, and then continues after the event numbers of the other broker', async () => {
    const server = await open(triggers())
    await server.post('1', 'test')
    await allDone(server)
    const free = gate()
    const other = database().db.transaction(async tx => {
      await tx.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = 7610
        and database = (select oid from pg_database where datname = current_database())`)
      await tx.query('select pg_advisory_xact_lock(7610, 1)')
      await tx.query(
        `select setval('broker.epoch', (select last_value + 1 from broker.epoch)), setval('broker.event_seq', 41)`,
      )
      await free.promise
    })
    await until(async () => (await server.post('x', 'test')) === 503)
    free.resolve()
    await other
    await until(() => server.broker.stats().storeOpen)
    expect(await server.post('2', 'test')).toBe(202)
    const [newest] = await server.broker.reads.events({ limit: 1 })
    expect(newest).toMatchObject({ id: '2', seq: 42 })
  })
})

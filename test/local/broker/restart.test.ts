import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { startBroker } from '#local/broker/broker.ts'
import { eventHeaders, startBrokerServer, triggerFor } from '#test/support/broker-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import { allDone, brokerFixture } from './support.ts'

const { at, close, database, open, recorder } = brokerFixture()

const gate = () => Promise.withResolvers<void>()

describe('stop and start', () => {
  const triggers = (more = {}) => [triggerFor('a', 'test', at('/a'), { retry: 50, ...more })]

  test('a stop waits for requests in flight; the next start delivers the rest', async () => {
    const answer = gate()
    recorder.respond('/a', async (_, nth) => {
      if (nth === 1) await answer.promise
      return { status: 204 }
    })
    const server = await open(triggers(), { inFlight: 1 })
    for (const id of ['1', '2', '3']) await server.post(id, 'test')
    await until(() => recorder.received('/a').length === 1)
    const stopped = close(server)
    answer.resolve()
    await stopped
    expect(recorder.received('/a').length).toBe(1)
    const next = await open(triggers())
    await allDone(next)
    expect(
      recorder
        .received('/a')
        .map(({ headers }) => headers['ce-id'])
        .sort(),
    ).toEqual(['1', '2', '3'])
  })

  test('a process that is killed loses no event that got 202', async () => {
    const script = fileURLToPath(new URL('../../support/broker-server.process.ts', import.meta.url))
    let slow = true
    recorder.respond('/a', () => (slow ? 'no response' : { status: 204 }))
    const child = fork(script, [database().url, at('/a')])
    const [{ ingressUrl }] = (await once(child, 'message')) as [{ ingressUrl: string }]
    const accepted: string[] = []
    const posting = Array.from({ length: 300 }, async (_, index) => {
      const id = `${index}`
      const response = await sendRequest(ingressUrl, { headers: eventHeaders(id, 'test'), body: '{}' }).catch(
        () => null,
      )
      if (response?.status === 202) accepted.push(id)
      if (accepted.length === 150) child.kill('SIGKILL')
    })
    await Promise.all(posting)
    if (child.signalCode === null) await once(child, 'exit')
    expect(accepted.length).toBeGreaterThanOrEqual(150)
    slow = false
    const next = await open(triggers())
    await allDone(next)
    const delivered = new Set(recorder.received('/a').map(({ headers }) => headers['ce-id']))
    expect(accepted.filter(id => !delivered.has(id))).toEqual([])
  })

  test('a second broker on the same database refuses to start, and names the first broker', async () => {
    const server = await open(triggers())
    await expect(startBrokerServer(database().url, triggers())).rejects.toThrow(
      /another broker works on this database \(vigia broker, server process \d+\)/,
    )
    expect(await server.post('1', 'test')).toBe(202)
  })

  test('an unreachable database, an empty filter value and a duplicate Trigger each end the start with one line', async () => {
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

  test('deliveries of a Trigger that no longer exists are dropped with a warning', async () => {
    recorder.respond('/a', () => ({ status: 500 }))
    const server = await open(triggers({ backoffDelayMs: 3_600_000 }))
    await server.post('1', 'test')
    await until(() => recorder.received('/a').length === 1)
    await close(server)
    const warn = vi.fn()
    const next = await open([triggerFor('b', 'test', at('/b'))], { log: { info: () => {}, warn, error: () => {} } })
    expect((await next.broker.reads.event(1))!.deliveries).toMatchObject([
      { trigger: 'a', function: null, state: 'dead' },
    ])
    expect(warn).toHaveBeenCalledWith({ trigger: 'a', deliveries: 1 }, expect.stringMatching(/no longer exists/))
  })

  test('a request that takes longer than its lease renews the lease, so the event is not delivered twice', async () => {
    const answer = gate()
    recorder.respond('/a', async () => {
      await answer.promise
      return { status: 204 }
    })
    const server = await open(triggers(), { leaseMs: 200 })
    await server.post('1', 'test')
    const due = async () => {
      const { rows } = await database().db.query<{ due: Date }>('select due from broker.delivery')
      return rows[0]!.due
    }
    const first = await due()
    await until(async () => (await due()).getTime() > first.getTime() + 400, { what: 'two renewals' })
    answer.resolve()
    await allDone(server)
    expect(recorder.received('/a').length).toBe(1)
  })
})

import { describe, expect, test, vi } from 'vitest'
import { delivery, triggerFor, urlDestination } from '#test/support/broker-server.ts'
import { until } from '#test/support/until.ts'
import { allDone, brokerFixture } from './support.ts'

const { at, open, recorder } = brokerFixture()

const gate = () => Promise.withResolvers<void>()

describe('many requests or Triggers at once', () => {
  test('no more than `inFlight` requests are sent to one Trigger at once, and the rest waits', async () => {
    let now = 0
    let most = 0
    recorder.respond('/a', async () => {
      most = Math.max(most, ++now)
      await new Promise(resolve => setImmediate(resolve))
      now--
      return { status: 204 }
    })
    const server = await open([triggerFor('a', 'test', at('/a'))], { inFlight: 3 })
    const statuses = await Promise.all(Array.from({ length: 200 }, (_, id) => server.post(`${id}`, 'test')))
    expect(new Set(statuses)).toEqual(new Set([202]))
    await allDone(server)
    expect(recorder.received('/a').length).toBe(200)
    expect(most).toBeLessThanOrEqual(3)
  })

  test('a subscriber that never answers does not delay other subscribers', async () => {
    recorder.respond('/hangs', () => 'no response')
    const server = await open([triggerFor('hangs', 'test', at('/hangs')), triggerFor('good', 'test', at('/good'))], {
      inFlight: 2,
    })
    for (let id = 0; id < 30; id++) await server.post(`${id}`, 'test')
    await until(() => recorder.received('/good').length === 30)
    expect(recorder.received('/hangs').length).toBe(2)
    await server.broker.stop({ graceMs: 0 })
  })

  test('Triggers that do not match store no delivery', async () => {
    const others = Array.from({ length: 20 }, (_, index) =>
      triggerFor(`other-${index}`, `other-${index}`, at('/other')),
    )
    const server = await open([...others, triggerFor('a', 'test', at('/a'))])
    await server.post('1', 'test')
    await allDone(server)
    expect((await server.broker.reads.event(1))!.deliveries.map(({ trigger }) => trigger)).toEqual(['a'])
  })
})

test('a function that is slower than its own timeout is recorded as 504, not as a timeout of the Trigger', async () => {
  recorder.respond('/slow', () => 'no response')
  const server = await open([triggerFor('a', 'test', at('/slow'), { deadLetterSink: urlDestination(at('/sink')) })], {
    resolve: destination => ({ url: (destination as { url: string }).url, function: 'a', timeoutMs: 20 }),
  })
  await server.post('1', 'test')
  const letter = await until(() => recorder.received('/sink')[0])
  expect(letter.headers).toMatchObject({ 'ce-knativeerrorcode': '504' })
})

describe('a function that has to start first', () => {
  /** Opens a broker with one Trigger, whose subscriber is a function. `reach` starts the function. */
  const openWithFunction = (reach: () => Promise<{ origin: string; release(): void }>) =>
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

  test('keeps the request waiting, and the wait does not count as an attempt', async () => {
    const started = gate()
    const release = vi.fn()
    const server = await openWithFunction(async () => {
      await started.promise
      return { origin: recorder.url, release }
    })
    await server.post('1', 'test')
    await until(() => server.broker.stats().inFlight === 1)
    expect(recorder.all).toEqual([])
    started.resolve()
    await allDone(server)
    const [got] = recorder.all
    expect(got).toMatchObject({ path: '/events?x=1', headers: { host: 'a.localhost:8080' } })
    expect((await server.broker.reads.event(1))!.deliveries[0]!.attempts.length).toBe(1)
    expect(release).toHaveBeenCalledOnce()
  })

  test('is recorded as 503 with the reason if it cannot start, and is tried again', async () => {
    let tries = 0
    const server = await openWithFunction(async () => {
      if (++tries < 3) throw new Error('the function crashes at its start')
      return { origin: recorder.url, release: () => {} }
    })
    await server.post('1', 'test')
    await allDone(server)
    const { attempts } = (await server.broker.reads.event(1))!.deliveries[0]!
    expect(attempts.map(({ status, error }) => [status, error])).toEqual([
      [503, 'the function crashes at its start'],
      [503, 'the function crashes at its start'],
      [204, null],
    ])
  })
})

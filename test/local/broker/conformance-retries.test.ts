import { describe, expect, test } from 'vitest'
import { nextStep } from '#local/broker/dispatch/delivery-outcome.ts'
import type { DeliverySpec } from '#local/manifests/model.ts'
import {
  delivery,
  eventHeaders,
  type ResponseRule,
  startBrokerServer,
  triggerFor,
  urlDestination,
} from '#test/support/broker-server.ts'
import { emptyDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'
import {
  always,
  conformanceBroker,
  type DeadLetterCode,
  deadLetterCode,
  errorData,
  path,
  settled,
  sinkFor,
  typeOf,
} from './conformance-support.ts'

const refusedPort = 'http://127.0.0.1:1'

/**
 * How a subscriber responds, and the attempts and dead letter that follow. The Trigger has `retry: 3` and a dead letter
 * sink.
 */
interface RetryRow {
  title: string
  rule: ResponseRule
  attempts: number
  deadLetter: DeadLetterCode
  data?: string
  settings?: Partial<DeliverySpec>
}

const event = { ...eventHeaders('answer', 'unmatched'), 'ce-source': '/answer' }

const retryRows: RetryRow[] = [
  ...[200, 201, 202, 204].map(status => ({
    title: `${status}, empty`,
    rule: always({ status }),
    attempts: 1,
    deadLetter: null,
  })),
  { title: '200 with a newline', rule: always({ status: 200, body: '\n' }), attempts: 4, deadLetter: 'without code' },
  { title: '202 with a text', rule: always({ status: 202, body: 'ok' }), attempts: 4, deadLetter: 'without code' },
  {
    title: '200 with more than 1 MiB',
    rule: always({ status: 200, body: Buffer.alloc(3 * 1024 * 1024, 'x') }),
    attempts: 4,
    deadLetter: 'without code',
  },
  { title: '300', rule: always({ status: 300 }), attempts: 1, deadLetter: 300 },
  { title: '304', rule: always({ status: 304 }), attempts: 1, deadLetter: 'without code' },
  // A deliberate difference: Knative follows these redirects, and for 301 and 302 it sends a GET without the event.
  ...[301, 302, 307, 308].map(status => ({
    title: `${status} is not followed`,
    rule: always({ status, headers: { location: '/elsewhere' } }),
    attempts: 1,
    deadLetter: status,
  })),
  ...[400, 401, 403, 405, 406, 410, 413, 418, 422, 425].map(status => ({
    title: `${status}`,
    rule: always({ status, body: 'no "é"\n' }),
    attempts: 1,
    deadLetter: status,
    data: 'no "é"\n',
  })),
  ...[404, 408, 409, 429, 500, 501, 502, 503, 504, 505, 511].map(status => ({
    title: `${status}`,
    rule: always({ status }),
    attempts: 4,
    deadLetter: status,
    data: '',
  })),
  {
    title: '503 with Retry-After, which is ignored',
    rule: always({ status: 503, headers: { 'retry-after': '60' } }),
    attempts: 4,
    deadLetter: 503,
  },
  {
    title: 'an event in a response with 500 is not a reply',
    rule: always({ status: 500, headers: event, body: '{}' }),
    attempts: 4,
    deadLetter: 500,
    data: '{}',
  },
  {
    title: 'an error body of 768 bytes is kept whole',
    rule: always({ status: 400, body: 'x'.repeat(768) }),
    attempts: 1,
    deadLetter: 400,
    data: 'x'.repeat(768),
  },
  // A deliberate difference: a body of this size ends the process of Knative's dispatcher.
  {
    title: 'an error body of 769 bytes is cut to 768',
    rule: always({ status: 400, body: 'x'.repeat(769) }),
    attempts: 1,
    deadLetter: 400,
    data: 'x'.repeat(768),
  },
  { title: 'a connection that is dropped', rule: () => 'close connection', attempts: 4, deadLetter: 500 },
  {
    title: 'a response that is slower than the timeout',
    rule: () => 'no response',
    attempts: 4,
    deadLetter: 'without code',
    settings: { timeoutMs: 1_000 },
  },
  {
    title: 'a success after two failures',
    rule: (_, nth) => ({ status: nth < 3 ? 500 : 204 }),
    attempts: 3,
    deadLetter: null,
  },
  {
    title: 'a success at the last attempt',
    rule: (_, nth) => ({ status: nth < 4 ? 503 : 204 }),
    attempts: 4,
    deadLetter: null,
  },
  {
    title: 'without a sink the event is given up',
    rule: always({ status: 500 }),
    attempts: 4,
    deadLetter: null,
    settings: { deadLetterSink: null },
  },
  { title: 'without retries', rule: always({ status: 500 }), attempts: 1, deadLetter: 500, settings: { retry: 0 } },
]

const pauses: [title: string, delivery: Partial<DeliverySpec>, ms: number[]][] = [
  ['exponential PT0.2S', { backoffPolicy: 'exponential', backoffDelayMs: 200 }, [200, 400, 800]],
  ['linear PT0.2S: the first retry is immediate', { backoffPolicy: 'linear', backoffDelayMs: 200 }, [0, 200, 400]],
  ['no delay: no pause at all', { backoffPolicy: 'exponential', backoffDelayMs: 0 }, [0, 0, 0]],
]

const { recorder, server } = conformanceBroker(
  subscribers => {
    for (const [index, { rule }] of retryRows.entries()) subscribers.respond(path('subscriber', 'retry', index), rule)
    subscribers.respond('/refusing', always({ status: 400 }))
    subscribers.respond('/failing/sink', always({ status: 500 }))
    subscribers.respond('/refusing/sink', always({ status: 400 }))
    subscribers.respond('/recovering/sink', (_, nth) => ({ status: nth < 3 ? 503 : 204 }))
    const { url } = subscribers
    return [
      ...retryRows.map(({ settings = {} }, index) =>
        triggerFor(`retry-${index}`, typeOf('retry', index), url + path('subscriber', 'retry', index), {
          retry: 3,
          deadLetterSink: sinkFor(subscribers, 'retry', index),
          ...settings,
        }),
      ),
      triggerFor('refused', 'refused', `${refusedPort}/a b`, {
        retry: 2,
        deadLetterSink: sinkFor(subscribers, 'refused', 0),
      }),
      ...['failing', 'refusing', 'recovering'].map(name =>
        triggerFor(`${name}-sink`, `${name}-sink`, `${url}/refusing`, {
          retry: 2,
          deadLetterSink: urlDestination(`${url}/${name}/sink`),
        }),
      ),
    ]
  },
  { url: 'http://broker/vigia/default' },
)

describe('retries and dead letters of a Trigger with retry 3 and a sink', () => {
  test.each(retryRows.map((row, index) => ({ ...row, index })))(
    '$title: attempts $attempts, dead letter $deadLetter',
    async ({ attempts, deadLetter, data, index }) => {
      const type = typeOf('retry', index)
      expect(await server.post(`retry-${index}`, type, {}, '{"a":1}')).toBe(202)
      const { state, deliveries } = await settled(server, type)
      const subscriber = path('subscriber', 'retry', index)
      expect(recorder.received(subscriber).length).toBe(attempts)
      expect(deliveries[0]!.attempts.length).toBe(attempts)
      const deadLetters = recorder.received(path('sink', 'retry', index))
      expect(deadLetterCode(deadLetters, recorder.url + subscriber)).toBe(deadLetter)
      if (data !== undefined) expect(errorData(deadLetters)).toBe(data)
      const isDead = deadLetter !== null || deliveries[0]!.attempts.at(-1)!.error !== null
      expect(state).toBe(isDead ? 'dead' : 'done')
    },
  )

  test('a redirect is never followed', () => {
    expect(recorder.received('/elsewhere')).toEqual([])
  })

  test('a refused connection is retried, and the dead letter has code 500 and the reason', async () => {
    await server.post('refused', 'refused', {}, '{"a":1}')
    const { deliveries } = await settled(server, 'refused')
    expect(deliveries[0]!.attempts.map(({ status }) => status)).toEqual([null, null, null])
    const deadLetters = recorder.received(path('sink', 'refused', 0))
    expect(deadLetterCode(deadLetters, `${refusedPort}/a%20b`)).toBe(500)
    expect(errorData(deadLetters)).toBe(
      `dispatch error: Post "${refusedPort}/a%20b": dial tcp 127.0.0.1:1: connect: connection refused`,
    )
  })

  test.each(pauses)('the pauses between attempts: %s', (_, settings, ms) => {
    const steps = ms.map((_, i) =>
      nextStep({
        outcome: { kind: 'timeout', afterMs: 1 },
        attempts: i + 1,
        delivery: delivery({ retry: 3, ...settings }),
        destination: '',
        ingressUrl: '',
      }),
    )
    expect(steps).toEqual(ms.map(afterMs => ({ next: 'retry', afterMs })))
  })

  test('a sink that answers 500 is tried as often as the subscriber, three times with retry 2, and then the event is dropped', async () => {
    await server.post('failing-sink', 'failing-sink')
    expect((await settled(server, 'failing-sink')).state).toBe('dead')
    expect(recorder.received('/failing/sink').length).toBe(3)
  })

  test('a sink that fails at first gets the dead letter at the last attempt, and each attempt has the error code', async () => {
    await server.post('recovering-sink', 'recovering-sink')
    expect((await settled(server, 'recovering-sink')).state).toBe('dead')
    const deadLetters = recorder.received('/recovering/sink')
    expect(deadLetters.map(({ headers }) => headers['ce-knativeerrorcode'])).toEqual(['400', '400', '400'])
  })

  test('a sink that answers 400 is tried once', async () => {
    await server.post('refusing-sink', 'refusing-sink')
    expect((await settled(server, 'refusing-sink')).state).toBe('dead')
    expect(recorder.received('/refusing/sink').length).toBe(1)
  })
})

test('a Trigger without a sink uses the sink of the Broker', async () => {
  const own = await emptyDatabase()
  const other = await startBrokerServer(own.url, [triggerFor('a', 'a', `${recorder.url}/refusing`)], {
    deadLetterSink: urlDestination(`${recorder.url}/broker/sink`),
  })
  await other.post('1', 'a')
  const deadLetter = await until(() => recorder.received('/broker/sink')[0], { what: 'the dead letter' })
  expect(deadLetter.headers).toMatchObject({ 'ce-id': '1', 'ce-knativeerrorcode': '400' })
  await other.stop()
  await own.end()
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Trigger } from '#local/broker/broker.ts'
import { nextStep } from '#local/broker/dispatch/delivery-outcome.ts'
import type { DeliverySpec } from '#local/manifests/model.ts'
import {
  type BrokerServer,
  delivery,
  eventHeaders,
  type Recorder,
  type ResponseRule,
  startBrokerServer,
  startRecorder,
  triggerFor,
  urlDestination,
} from '#test/support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'
import { always, type DeadLetterCode, deadLetterCode, errorData, path, settled, typeOf } from './conformance-support.ts'

const refusedPort = 'http://127.0.0.1:1'

/**
 * What a subscriber does, and the attempts and dead letter that follow. The Trigger has `retry: 3` and a dead letter
 * sink.
 */
interface RetryRow {
  title: string
  does: ResponseRule
  attempts: number
  deadLetter: DeadLetterCode
  data?: string
  more?: Partial<DeliverySpec>
}

const event = { ...eventHeaders('answer', 'unheard'), 'ce-source': '/answer' }

const retryRows: RetryRow[] = [
  ...[200, 201, 202, 204].map(status => ({
    title: `${status}, empty`,
    does: always({ status }),
    attempts: 1,
    deadLetter: null,
  })),
  { title: '200 with a newline', does: always({ status: 200, body: '\n' }), attempts: 4, deadLetter: 'bare' },
  { title: '202 with a text', does: always({ status: 202, body: 'ok' }), attempts: 4, deadLetter: 'bare' },
  {
    title: '200 with more than 1 MiB',
    does: always({ status: 200, body: Buffer.alloc(3 * 1024 * 1024, 'x') }),
    attempts: 4,
    deadLetter: 'bare',
  },
  { title: '300', does: always({ status: 300 }), attempts: 1, deadLetter: 300 },
  { title: '304', does: always({ status: 304 }), attempts: 1, deadLetter: 'bare' },
  // A deliberate difference: Knative follows these redirects, and for 301 and 302 it sends a GET without the event.
  ...[301, 302, 307, 308].map(status => ({
    title: `${status} is not followed`,
    does: always({ status, headers: { location: '/elsewhere' } }),
    attempts: 1,
    deadLetter: status,
  })),
  ...[400, 401, 403, 405, 406, 410, 413, 418, 422, 425].map(status => ({
    title: `${status}`,
    does: always({ status, body: 'no "é"\n' }),
    attempts: 1,
    deadLetter: status,
    data: 'no "é"\n',
  })),
  ...[404, 408, 409, 429, 500, 501, 502, 503, 504, 505, 511].map(status => ({
    title: `${status}`,
    does: always({ status }),
    attempts: 4,
    deadLetter: status,
    data: '',
  })),
  {
    title: '503 with Retry-After, which is ignored',
    does: always({ status: 503, headers: { 'retry-after': '60' } }),
    attempts: 4,
    deadLetter: 503,
  },
  {
    title: 'an event in a response with 500 is not a reply',
    does: always({ status: 500, headers: event, body: '{}' }),
    attempts: 4,
    deadLetter: 500,
    data: '{}',
  },
  {
    title: 'an error body of 768 bytes is kept whole',
    does: always({ status: 400, body: 'x'.repeat(768) }),
    attempts: 1,
    deadLetter: 400,
    data: 'x'.repeat(768),
  },
  // A deliberate difference: a body of this size ends the process of Knative's dispatcher.
  {
    title: 'an error body of 769 bytes is cut to 768',
    does: always({ status: 400, body: 'x'.repeat(769) }),
    attempts: 1,
    deadLetter: 400,
    data: 'x'.repeat(768),
  },
  { title: 'a connection that is dropped', does: () => 'hang up', attempts: 4, deadLetter: 500 },
  {
    title: 'slower than the timeout',
    does: () => 'silence',
    attempts: 4,
    deadLetter: 'bare',
    more: { timeoutMs: 1_000 },
  },
  {
    title: 'a success after two failures',
    does: (_, nth) => ({ status: nth < 3 ? 500 : 204 }),
    attempts: 3,
    deadLetter: null,
  },
  {
    title: 'a success at the last attempt',
    does: (_, nth) => ({ status: nth < 4 ? 503 : 204 }),
    attempts: 4,
    deadLetter: null,
  },
  {
    title: 'no sink: the event is given up',
    does: always({ status: 500 }),
    attempts: 4,
    deadLetter: null,
    more: { deadLetterSink: null },
  },
  { title: 'no retries', does: always({ status: 500 }), attempts: 1, deadLetter: 500, more: { retry: 0 } },
]

const pauses: [title: string, delivery: Partial<DeliverySpec>, ms: number[]][] = [
  ['exponential PT0.2S', { backoffPolicy: 'exponential', backoffDelayMs: 200 }, [200, 400, 800]],
  ['linear PT0.2S: the first retry is immediate', { backoffPolicy: 'linear', backoffDelayMs: 200 }, [0, 200, 400]],
  ['no delay: no pause at all', { backoffPolicy: 'exponential', backoffDelayMs: 0 }, [0, 0, 0]],
]

let database: TestDatabase
let recorder: Recorder
let server: BrokerServer

beforeAll(async () => {
  database = await emptyDatabase()
  recorder = await startRecorder()
  const at = (part: string, kind: string, index: number) => recorder.url + path(part, kind, index)
  const sink = (kind: string, index: number) => urlDestination(at('sink', kind, index))
  const triggers: Trigger[] = [
    ...retryRows.map(({ more = {} }, index) =>
      triggerFor(`retry-${index}`, typeOf('retry', index), at('subscriber', 'retry', index), {
        retry: 3,
        deadLetterSink: sink('retry', index),
        ...more,
      }),
    ),
    triggerFor('refused', 'refused', `${refusedPort}/a b`, { retry: 2, deadLetterSink: sink('refused', 0) }),
    ...['sick', 'strict', 'flaky'].map(name =>
      triggerFor(`${name}-sink`, `${name}-sink`, `${recorder.url}/sick`, {
        retry: 2,
        deadLetterSink: urlDestination(`${recorder.url}/${name}/sink`),
      }),
    ),
  ]
  for (const [index, { does }] of retryRows.entries()) recorder.respond(path('subscriber', 'retry', index), does)
  recorder.respond('/sick', always({ status: 400 }))
  recorder.respond('/sick/sink', always({ status: 500 }))
  recorder.respond('/strict/sink', always({ status: 400 }))
  recorder.respond('/flaky/sink', (_, nth) => ({ status: nth < 3 ? 503 : 204 }))
  server = await startBrokerServer(database.url, triggers, { url: 'http://broker/vigia/default' })
})

afterAll(async () => {
  await server?.stop()
  await recorder?.stop()
  await database?.end()
})

describe('retries and dead letters: retry 3, a sink', () => {
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

  test('connection refused: retried, dead letter with code 500 and the reason', async () => {
    await server.post('refused', 'refused', {}, '{"a":1}')
    const { deliveries } = await settled(server, 'refused')
    expect(deliveries[0]!.attempts.map(({ status }) => status)).toEqual([null, null, null])
    const deadLetters = recorder.received(path('sink', 'refused', 0))
    expect(deadLetterCode(deadLetters, `${refusedPort}/a%20b`)).toBe(500)
    expect(errorData(deadLetters)).toBe(
      `dispatch error: Post "${refusedPort}/a%20b": dial tcp 127.0.0.1:1: connect: connection refused`,
    )
  })

  test.each(pauses)('%s', (_, more, ms) => {
    const request = ms.map((_, i) =>
      nextStep({
        outcome: { kind: 'timeout', afterMs: 1 },
        attempts: i + 1,
        delivery: delivery({ retry: 3, ...more }),
        destination: '',
        ingressUrl: '',
      }),
    )
    expect(request).toEqual(ms.map(afterMs => ({ next: 'retry', afterMs })))
  })

  test('the sink is tried with the same settings: 500 three times with retry 2, then the event is dropped', async () => {
    await server.post('sick-sink', 'sick-sink')
    expect((await settled(server, 'sick-sink')).state).toBe('dead')
    expect(recorder.received('/sick/sink').length).toBe(3)
  })

  test('a sink that fails at first gets the dead letter at its last attempt, with its reason', async () => {
    await server.post('flaky-sink', 'flaky-sink')
    expect((await settled(server, 'flaky-sink')).state).toBe('dead')
    const deadLetters = recorder.received('/flaky/sink')
    expect(deadLetters.map(({ headers }) => headers['ce-knativeerrorcode'])).toEqual(['400', '400', '400'])
  })

  test('a sink that answers 400 is tried once', async () => {
    await server.post('strict-sink', 'strict-sink')
    expect((await settled(server, 'strict-sink')).state).toBe('dead')
    expect(recorder.received('/strict/sink').length).toBe(1)
  })
})

test('a Trigger without a sink falls back to that of the Broker', async () => {
  const own = await emptyDatabase()
  const other = await startBrokerServer(own.url, [triggerFor('a', 'a', `${recorder.url}/sick`)], {
    deadLetterSink: urlDestination(`${recorder.url}/broker/sink`),
  })
  await other.post('1', 'a')
  const deadLetter = await until(() => recorder.received('/broker/sink')[0], { what: 'the dead letter' })
  expect(deadLetter.headers).toMatchObject({ 'ce-id': '1', 'ce-knativeerrorcode': '400' })
  await other.stop()
  await own.end()
})

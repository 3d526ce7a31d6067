import { describe, expect, test } from 'vitest'
import { nextStep } from '#local/broker/dispatch/delivery-outcome.ts'
import { retryRows, retryTriggers } from '#test/support/broker-conformance/retry-rows.ts'
import { deadLetterCode, errorData, path, typeOf } from '#test/support/broker-conformance/rows.ts'
import {
  brokerSink,
  brokerSinkTriggers,
  pauses,
  refusedConnection,
  refusedTriggers,
  sinkTriggers,
} from '#test/support/broker-conformance/sink-rows.ts'
import { delivery, startBrokerServer } from '#test/support/broker-server.ts'
import { emptyDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'
import { conformanceBroker, settled } from './conformance-support.ts'

const { recorder, server } = conformanceBroker(
  subscribers => [...retryTriggers(subscribers), ...refusedTriggers(subscribers), ...sinkTriggers(subscribers)],
  { url: 'http://broker/vigia/default' },
)

describe('retries and dead letters', () => {
  test.each(retryRows.map((row, index) => ({ ...row, index })))(
    'with retry 3: $title: attempts $attempts, dead letter $deadLetter',
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
    expect(recorder.all.filter(({ path }) => path.startsWith('/elsewhere'))).toEqual([])
  })

  test('a refused connection is retried, and the dead letter has code 500 and the reason', async () => {
    await server.post('refused', 'refused', {}, '{"a":1}')
    const { deliveries } = await settled(server, 'refused')
    expect(deliveries[0]!.attempts.map(({ status }) => status)).toEqual([null, null, null])
    const deadLetters = recorder.received(path('sink', 'refused', 0))
    expect(deadLetterCode(deadLetters, refusedConnection.dest)).toBe(500)
    expect(errorData(deadLetters)).toBe(refusedConnection.data)
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
  const other = await startBrokerServer(own.url, brokerSinkTriggers(recorder), {
    deadLetterSink: brokerSink(recorder),
  })
  await other.post('1', 'a')
  const deadLetter = await until(() => recorder.received('/broker/sink')[0], { what: 'the dead letter' })
  expect(deadLetter.headers).toMatchObject({ 'ce-id': '1', 'ce-knativeerrorcode': '400' })
  await other.stop()
  await own.end()
})

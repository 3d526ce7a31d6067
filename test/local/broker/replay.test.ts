import { describe, expect, test } from 'vitest'
import { triggerFor, urlDestination } from '#test/support/broker-server.ts'
import { until } from '#test/support/until.ts'
import { allDone, brokerFixture } from './support.ts'

const { at, open, recorder } = brokerFixture()

describe('redelivery of a dead letter', () => {
  const triggers = () => [triggerFor('a', 'test', at('/a'), { retry: 1 })]

  test('a dead event is delivered to its Trigger again, and is done when the subscriber accepts it', async () => {
    let healthy = false
    recorder.respond('/a', () => ({ status: healthy ? 204 : 500 }))
    const server = await open(triggers())
    await server.post(
      '1',
      'test',
      { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      '{"b":1}',
    )
    await until(async () => (await server.broker.reads.event(1))?.state === 'dead')
    healthy = true
    const { event } = (await server.broker.reads.event(1))!
    await server.broker.redeliver({ ...event, knativeerrorcode: '500', vigiahops: 3 }, 'a')
    await allDone(server)
    expect((await server.broker.reads.event(1))!.deliveries[0]!.attempts.map(({ status }) => status)).toEqual([
      500, 500, 204,
    ])
    expect(recorder.received('/a').at(-1)!.body.toString()).toBe('{"b":1}')
  })

  test('the receiver of a dead letter may replay it at once', async () => {
    let healthy = false
    recorder.respond('/a', () => ({ status: healthy ? 204 : 422 }))
    const server = await open([triggerFor('a', 'test', at('/a'), { deadLetterSink: urlDestination(at('/sink')) })])
    recorder.respond('/sink', async () => {
      healthy = true
      await server.broker.redeliver((await server.broker.reads.event(1))!.event, 'a')
      await until(() => server.broker.stats().inMemory > 0 && recorder.received('/sink').length === 1)
      return { status: 204 }
    })
    await server.post('1', 'test')
    await allDone(server)
    expect(recorder.received('/a').length).toBe(2)
    expect(recorder.received('/sink').length).toBe(1)
  })

  test('an event that was deleted from the store is stored again', async () => {
    const server = await open(triggers())
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
    await server.broker.redeliver(letter, 'a')
    await allDone(server)
    const [got] = recorder.received('/a')
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

  test('an unknown Trigger and an invalid event are refused with the reason', async () => {
    const { broker } = await open(triggers())
    await expect(broker.redeliver({ id: '1' }, 'nope')).rejects.toThrow('there is no Trigger nope')
    await expect(broker.redeliver({ id: '1' }, 'a')).rejects.toThrow('attribute type is missing')
  })

  test('with every event delivered twice, the second answer counts', async () => {
    const server = await open(
      [triggerFor('a', 'test', at('/a'), { retry: 1 }), triggerFor('b', 'test', at('/b'), { retry: 1 })],
      { deliverTwice: true },
    )
    recorder.respond('/b', (_, nth) => ({ status: nth === 2 ? 500 : 204 }))
    await server.post('1', 'test')
    await allDone(server)
    expect(recorder.received('/a').length).toBe(2)
    expect(recorder.received('/b').length).toBe(4)
  })
})

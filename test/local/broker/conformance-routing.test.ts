import { describe, expect, test } from 'vitest'
import {
  pairTriggers,
  routed,
  routedEvents,
  routingRows,
  routingTriggers,
} from '#test/support/broker-conformance/routing-rows.ts'
import { startBrokerServer } from '#test/support/broker-server.ts'
import { emptyDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'
import { conformanceBroker, settled } from './conformance-support.ts'

const { recorder, server } = conformanceBroker(pairTriggers)

describe('routing', () => {
  test('each Trigger gets every event that matches its filters once, and no other event', async () => {
    const own = await emptyDatabase()
    const other = await startBrokerServer(own.url, routingTriggers(recorder))
    for (const event of routedEvents) await other.post(...event)
    await until(async () => (await other.broker.reads.events({})).every(({ state }) => state === 'done'))
    expect(routed(recorder)).toEqual(routingRows.map(([title, , gets]) => [title, gets]))
    await other.stop()
    await own.end()
  })

  test('one subscriber in two Triggers gets the event twice', async () => {
    await server.post('same', 'same')
    await settled(server, 'same')
    expect(recorder.received('/same').length).toBe(2)
  })

  test('a Trigger that fails does not affect other Triggers', async () => {
    await server.post('pair', 'pair')
    const { state, deliveries } = await settled(server, 'pair')
    expect(recorder.received('/pair/good').length).toBe(1)
    expect(state).toBe('dead')
    expect(deliveries.map(({ trigger, state: one }) => [trigger, one])).toEqual([
      ['bad', 'dead'],
      ['good', 'done'],
    ])
  })

  test('a second event with the same source and id gets 202 and is not delivered', async () => {
    expect(await server.post('once', 'same')).toBe(202)
    await settled(server, 'same')
    const before = recorder.all.length
    expect(await server.post('once', 'same')).toBe(202)
    expect(await server.post('once', 'pair')).toBe(202)
    expect((await server.broker.reads.events({ type: 'same' })).length).toBe(2)
    expect(recorder.all.length).toBe(before)
  })
})

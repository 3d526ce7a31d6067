import { describe, expect, test } from 'vitest'
import type { Filter } from '#local/filters/filter.ts'
import { startBrokerServer, triggerFor } from '#test/support/broker-server.ts'
import { emptyDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'
import { always, conformanceBroker, settled } from './conformance-support.ts'

const routingRows: [title: string, filters: Filter[], gets: string[]][] = [
  ['no filter', [], ['a', 'b', 'c']],
  ['no filter, a second time', [], ['a', 'b', 'c']],
  ['a type', [{ attributes: { type: 'routed.a' } }], ['a']],
  ['the same type', [{ exact: { type: 'routed.a' } }], ['a']],
  ['another type', [{ attributes: { type: 'routed.z' } }], []],
  ['a source', [{ attributes: { source: '/other' } }], ['b', 'c']],
  ['a source and a type', [{ attributes: { source: '/other', type: 'routed.c' } }], ['c']],
  ['an extension', [{ attributes: { tick: 'x' } }], ['c']],
  ['a prefix and CESQL', [{ prefix: { type: 'routed.' } }, { cesql: "EXISTS tick OR source = '/mine'" }], ['a', 'c']],
]

const { recorder, server } = conformanceBroker(subscribers => {
  subscribers.respond('/pair/bad', always({ status: 500 }))
  const { url } = subscribers
  return [
    triggerFor('same-1', 'same', `${url}/same`),
    triggerFor('same-2', 'same', `${url}/same`),
    triggerFor('bad', 'pair', `${url}/pair/bad`, { retry: 1 }),
    triggerFor('good', 'pair', `${url}/pair/good`),
  ]
})

describe('routing', () => {
  test('each Trigger gets every event that matches its filters once, and no other event', async () => {
    const own = await emptyDatabase()
    const other = await startBrokerServer(
      own.url,
      routingRows.map(([, filters], index) => ({
        ...triggerFor(`routed-${index}`, 'x', `${recorder.url}/routed/${index}`),
        filters,
      })),
    )
    await other.post('1', 'routed.a', { 'ce-source': '/mine' })
    await other.post('2', 'routed.b', { 'ce-source': '/other' })
    await other.post('3', 'routed.c', { 'ce-source': '/other', 'ce-tick': 'x' })
    await until(async () => (await other.broker.reads.events({})).every(({ state }) => state === 'done'))
    const got = routingRows.map(([title], index) => [
      title,
      recorder
        .received(`/routed/${index}`)
        .map(({ headers }) => String(headers['ce-type']).slice('routed.'.length))
        .toSorted(),
    ])
    expect(got).toEqual(routingRows.map(([title, , gets]) => [title, gets]))
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

import { describe, expect, test } from 'vitest'
import { BadQuery, type BrokerChange } from '#local/broker/broker.ts'
import { eventHeaders, triggerFor } from '#test/support/broker-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import { allDone, brokerFixture } from './support.ts'

const { at, open, recorder } = brokerFixture()

describe('reads for the control API', () => {
  test('events are listed newest first, and can be filtered by type, source, subject and time', async () => {
    recorder.respond('/dead', () => ({ status: 422, body: 'no such show' }))
    const server = await open(
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
    await server.post('1', 'good', { 'ce-subject': 'show/82', 'ce-time': time, 'ce-causationid': '0' })
    await server.post('2', 'bad')
    await until(async () => (await server.broker.reads.events({})).every(({ state }) => state !== 'pending'))
    const { reads } = server.broker
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

  test('bytes are shown as data_base64, a text as data, and an empty body without data', async () => {
    const server = await open([])
    const body = Buffer.from([0, 255])
    for (const [index, type] of ['application/octet-stream', 'text/plain', 'application/json'].entries())
      await sendRequest(server.ingressUrl, {
        headers: eventHeaders(`${index}`, 'a', { 'content-type': type }),
        body: index === 1 ? 'é' : index === 2 ? '' : body,
      })
    const shown = await Promise.all([1, 2, 3].map(async seq => (await server.broker.reads.event(seq))!.event))
    expect(shown[0]).toMatchObject({ data_base64: 'AP8=' })
    expect(shown[1]).toMatchObject({ data: 'é' })
    expect(shown[2]).not.toHaveProperty('data')
  })

  test.each([100, 2_000, 2_499, 2_500, 5_000, 200_000])(
    'JSON %i levels deep is delivered unchanged, and shown as JSON or as bytes',
    async levels => {
      recorder.respond('/deep', () => ({ status: 204 }))
      const server = await open([triggerFor('deep', 'deep', at('/deep'))])
      const body = `${'['.repeat(levels)}${']'.repeat(levels)}`
      await server.post('1', 'deep', {}, body)
      await until(async () => (await server.broker.reads.events({})).every(({ state }) => state === 'done'))
      expect(recorder.received('/deep').map(got => got.body.toString())).toEqual([body])
      const { event } = (await server.broker.reads.event(1))!
      expect(() => JSON.stringify(event)).not.toThrow()
      if (levels > 5_000) expect(event).toMatchObject({ data_base64: Buffer.from(body).toString('base64') })
    },
  )

  test('a listener gets every accepted event, attempt and settled delivery', async () => {
    const server = await open([triggerFor('a', 'test', at('/a'))])
    const changes: BrokerChange[] = []
    const stop = server.broker.tap(change => changes.push(change))
    await server.post('1', 'test')
    await until(() => changes.some(({ kind }) => kind === 'settled'))
    expect(changes).toMatchObject([
      { kind: 'accepted', seq: 1, event: { attributes: { id: '1' } } },
      { kind: 'attempted', seq: 1, trigger: 'a', status: 204, error: null },
      { kind: 'settled', seq: 1, trigger: 'a', state: 'done' },
    ])
    stop()
    await server.post('2', 'test')
    await allDone(server)
    expect(changes.length).toBe(3)
    expect(server.broker.stats()).toMatchObject({
      accepted: 2,
      attempts: 2,
      done: 2,
      dead: 0,
      inMemory: 0,
      storeOpen: true,
    })
  })
})

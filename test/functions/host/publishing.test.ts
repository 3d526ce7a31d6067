import { describe, expect, test } from 'vitest'
import { maxHops, type VigiaEvent } from '#events/event.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { type FunctionDefinition, on } from '#functions/host/function-definition.ts'
import { binaryEventHeaders, gate, startFunction, startSink } from '#test/support/function-server.ts'
import { until } from '#test/support/until.ts'
import { follow } from './support.ts'

describe('the events that a rule returns', () => {
  const fanOut = (count: number, change: Partial<VigiaEvent> = {}): FunctionDefinition => ({
    name: 'webhook',
    events: [
      on(Tick, async tick =>
        Array.from({ length: count }, (_, at) => ({
          ...SeriesFollowed.from(tick, { key: String(at), subject: `show/${at}`, data: { ...follow, showId: at + 1 } }),
          ...change,
        })),
      ),
    ],
  })
  const tick = { type: Tick.type, id: 't1', vigiahops: '2' }

  test('are posted to the sink in binary mode, with their source and their cause', async () => {
    await using broker = await startSink()
    await using function_ = await startFunction(fanOut(1), {
      sink: broker.url,
      overrides: '{"extensions":{"region":"sa"}}',
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    expect(
      await function_.request({ headers: { ...binaryEventHeaders(tick), traceparent }, body: '{}' }),
    ).toMatchObject({
      status: 204,
    })
    const [{ method, path, headers, body }] = broker.received as [(typeof broker.received)[number]]
    expect({ method, path, data: JSON.parse(body) }).toEqual({
      method: 'POST',
      path: '/vigia/default',
      data: { ...follow, showId: 1 },
    })
    expect(
      Object.fromEntries(Object.entries(headers).filter(([name]) => !['date', 'host', 'connection'].includes(name))),
    ).toEqual({
      'ce-specversion': '1.0',
      'ce-id': 't1/series.followed/0',
      'ce-type': 'dev.vigia.series.followed',
      'ce-source': '/functions/webhook',
      'ce-subject': 'show/0',
      'ce-time': expect.stringMatching(/^\d{4}-.*Z$/),
      'ce-dataschema': 'https://vigia.dev/events/series.followed/v1',
      'ce-causationid': 't1',
      'ce-vigiahops': '3',
      'ce-region': 'sa',
      traceparent,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    })
    expect(function_.logged()).toMatchObject([{ 'event.id': 't1', 'vigia.published': 1, 'vigia.outcome': 'done' }])
  })

  test('are all accepted before the function answers, and at most 16 are sent at the same time', async () => {
    const go = gate()
    let open = 0
    let peak = 0
    await using broker = await startSink(async () => {
      peak = Math.max(peak, ++open)
      await go.opened
      open--
      return 202
    })
    await using function_ = await startFunction(fanOut(50), { sink: broker.url, overrides: '' })
    let answered = false
    const pending = function_.send(tick).then(answer => {
      answered = true
      return answer
    })
    await until(() => broker.received.length === 16)
    expect(answered).toBe(false)
    go.open()
    expect(await pending).toMatchObject({ status: 204 })
    expect(peak).toBe(16)
    expect(new Set(broker.received.map(({ headers }) => headers['ce-id'])).size).toBe(50)
  })

  // After 500 the broker delivers the tick again. After 422 it does not, because the sink would refuse the event again.
  test.each([
    [500, 500],
    [503, 500],
    [302, 500],
    [404, 500],
    [400, 422],
    [413, 422],
  ])('if the sink answers %i, the function answers %i', async (refusal, status) => {
    await using broker = await startSink(({ headers }) => (headers['ce-id'] === 't1/series.followed/1' ? refusal : 202))
    await using function_ = await startFunction(fanOut(3), { sink: broker.url })
    const answer = await function_.send(tick)
    expect(answer).toMatchObject({
      status,
      body: `the broker answered ${refusal} to dev.vigia.series.followed t1/series.followed/1`,
    })
  })

  test('if the sink is not set or cannot be reached, the function answers with an error that names the cause', async () => {
    const { port } = await startFunction({ name: 'closed' }).then(async ({ port, host }) => {
      await host.drain(0)
      return { port }
    })
    await using unreachable = await startFunction(fanOut(1), { sink: `http://127.0.0.1:${port}/vigia/default` })
    expect(await unreachable.send(tick)).toMatchObject({
      status: 500,
      body: expect.stringMatching(/^the broker at 127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/),
    })
    await using unbound = await startFunction(fanOut(1))
    const response = await unbound.send(tick)
    expect(response).toMatchObject({ status: 503, body: expect.stringMatching(/^K_SINK is not set/) })
    expect(response.headers['retry-after']).toBe('5')
    expect(unbound.logged().at(-1)).toMatchObject({
      'log.level': 'warn',
      message: expect.stringMatching(/^K_SINK is not set/),
    })
    expect(await unbound.request({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200 })
  })

  test('are delivered even if the broker has closed its idle connections', async () => {
    await using broker = await startSink()
    await using function_ = await startFunction(fanOut(1), { sink: broker.url })
    for (let round = 0; round < 5; round++) {
      expect(await function_.send({ ...tick, id: `t${round}` })).toMatchObject({ status: 204 })
      broker.closeIdle()
    }
    expect(broker.received).toHaveLength(5)
  })

  test('reach a broker on a subdomain of localhost', async () => {
    await using broker = await startSink()
    const url = `http://broker-ingress.localhost:${broker.port}/vigia/default`
    await using function_ = await startFunction(fanOut(1), { sink: url })
    expect(await function_.send(tick)).toMatchObject({ status: 204 })
    expect(broker.received[0]!.headers.host).toBe(`broker-ingress.localhost:${broker.port}`)
  })

  test('are refused with 422 in a loop, or with a control character in an attribute', async () => {
    await using broker = await startSink()
    await using looping = await startFunction(fanOut(1), { sink: broker.url })
    expect(await looping.send({ ...tick, vigiahops: String(maxHops - 1) })).toMatchObject({ status: 204 })
    expect(await looping.send({ ...tick, vigiahops: String(maxHops) })).toMatchObject({
      status: 422,
      body: expect.stringContaining('a loop'),
    })
    await using invalid = await startFunction(fanOut(1, { subject: 'show/ol\u0007a' }), { sink: broker.url })
    expect(await invalid.send(tick)).toMatchObject({
      status: 422,
      body: expect.stringContaining('subject "show/ol\\u0007a" is empty or has a character that CloudEvents forbids'),
    })
    expect(broker.received).toHaveLength(1)
  })

  test('have percent-encoded attributes if these are not ASCII, as the HTTP binding requires', async () => {
    await using broker = await startSink()
    await using function_ = await startFunction(fanOut(1, { subject: 'show/"olá" 100%' }), { sink: broker.url })
    expect(await function_.send(tick)).toMatchObject({ status: 204 })
    expect(broker.received[0]!.headers['ce-subject']).toBe('show/%22ol%C3%A1%22%20100%25')
  })

  test('need a valid K_SINK and K_CE_OVERRIDES, else the function does not start', async () => {
    await expect(startFunction(fanOut(1), { sink: 'broker' })).rejects.toThrow('K_SINK is "broker"; it must be a URL')
    await expect(startFunction(fanOut(1), { overrides: '{' })).rejects.toThrow(
      'K_CE_OVERRIDES is not JSON; it must be an object with the field "extensions"',
    )
  })
})

import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { Conflict, Permanent, RetryLater } from '#functions/host/errors.ts'
import { type FunctionDefinition, on } from '#functions/host/function-definition.ts'
import { readExposition } from '#test/support/exposition.ts'
import { binaryEventHeaders, gate, startFunction } from '#test/support/function-server.ts'
import { follow, followed, recorder } from './support.ts'

describe('the response', () => {
  const failing = (error: unknown): FunctionDefinition => ({
    name: 'failing',
    events: [on(Tick, () => Promise.reject(error))],
  })
  const tick = { type: Tick.type }

  test.each<[string, unknown, number, string]>([
    ['fails permanently', new Permanent('no wording for it'), 422, 'no wording for it'],
    [
      'conflicts with another worker',
      new Conflict('another worker has the lease'),
      409,
      'another worker has the lease',
    ],
    ['asks for a later retry', new RetryLater('TVmaze is unavailable', 29.2), 503, 'TVmaze is unavailable'],
    ['fails with any other error', new TypeError('x is not a function'), 500, 'TypeError: x is not a function'],
    ['throws a string', 'just text', 500, 'just text'],
    ['throws undefined', undefined, 500, 'undefined'],
  ])('tells the broker whether to redeliver an event whose rule %s', async (_, error, status, body) => {
    await using function_ = await startFunction(failing(error))
    const answer = await function_.send(tick)
    expect(answer).toMatchObject({ status, body })
    expect(answer.headers['retry-after']).toBe(status === 503 ? '30' : undefined)
  })

  test('to an event that fails has at most 512 bytes, no secrets and no stack', async () => {
    const error = new Error(
      `call to https://user:hunter2@example.org/bot123456789:${'A'.repeat(35)}/send failed\n    at secret (/srv/app/secret.ts:1:1)\n${'né '.repeat(400)}`,
    )
    await using function_ = await startFunction(failing(error))
    const { body } = await function_.send(tick)
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(512)
    expect(body).toMatch(/^call to https:\/\/\[redacted\]@example\.org\/bot\[redacted\]\/send failed né né .*…$/)
    expect(body).not.toContain('\uFFFD')
    expect(function_.lines.join()).not.toMatch(/hunter2|AAAAA/)
  })

  test('to a health check needs neither the rule nor the sink', async () => {
    await using function_ = await startFunction(failing(new Error('unavailable')))
    expect(await function_.request({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200, body: 'ok\n' })
    expect(await function_.request({ method: 'HEAD', path: '/healthz?from=kubelet' })).toMatchObject({
      status: 200,
      body: '',
    })
  })

  test.each(['/healthz', '/metrics', '/version'])(
    'to %s is 200 for an internal host name and 404 for a public one',
    async path => {
      await using function_ = await startFunction(recorder().definition)
      const statusFor = async (host: string) =>
        (await function_.request({ method: 'GET', path, headers: { host } })).status
      for (const inside of ['10.0.0.7:8080', '[fd00::7]:8080', 'keeper', 'keeper.localhost:8080', 'keeper.vigia.svc'])
        expect(await statusFor(inside), inside).toBe(200)
      for (const outside of [
        'vigia.example.org',
        'keeper.vigia.10.0.0.7.sslip.io',
        'svc.example.org:443',
        'x.localhost.example',
      ])
        expect(await statusFor(outside), outside).toBe(404)
    },
  )

  test('to /metrics counts events by type and outcome', async () => {
    await using function_ = await startFunction(recorder().definition)
    await function_.send(followed, follow)
    await function_.send(followed, follow)
    await function_.send(followed, { chatId: 'seven' })
    await function_.send({ type: 'dev.vigia.made.up' })
    const { body, headers } = await function_.request({ method: 'GET', path: '/metrics' })
    expect(headers['content-type']).toMatch(/^text\/plain/)
    const counts = [...body.matchAll(/^vigia_handled_seconds_count\{(.*)\} (\d+)$/gm)].map(
      ([, labels, count]) => `${labels} ${count}`,
    )
    expect(counts.toSorted()).toEqual([
      'function="keeper",type="dev.vigia.series.followed",outcome="done" 2',
      'function="keeper",type="dev.vigia.series.followed",outcome="permanent" 1',
      'function="keeper",type="event",outcome="permanent" 1',
    ])
  })

  test('to /metrics has the metrics of the function itself, and the code that makes them can write to the log', async () => {
    let scrapes = 0
    await using function_ = await startFunction({
      name: 'keeper',
      metrics: log => async () => {
        scrapes += 1
        log.warn('a scrape')
        return `# HELP kept What it keeps\n# TYPE kept gauge\nkept ${scrapes}\n`
      },
    })
    const scrape = async () => readExposition((await function_.request({ method: 'GET', path: '/metrics' })).body)
    expect((await scrape()).get('kept')!.samples.get('')).toBe(1)
    const second = await scrape()
    expect(second.get('kept')!.samples.get('')).toBe(2)
    expect(second.has('vigia_build_info')).toBe(true)
    expect(function_.logged()).toMatchObject([{ message: 'a scrape' }, { message: 'a scrape' }])
  })
})

describe('the log', () => {
  test('has one line for each event, with its type, id, outcome and duration', async () => {
    await using function_ = await startFunction(recorder().definition)
    await function_.send({ ...followed, id: 'tg/1' }, follow)
    await function_.send({ ...followed, id: 'tg/2' }, {})
    await function_.send({ ...followed, id: '' }, {})
    expect(function_.logged()).toEqual([
      {
        'log.level': 'info',
        '@timestamp': expect.any(String),
        'service.name': 'keeper',
        'service.version': 'sources',
        'event.type': SeriesFollowed.type,
        'event.id': 'tg/1',
        'vigia.subject': 'show/82',
        'trace.id': expect.stringMatching(/^[0-9a-f]{32}$/),
        'span.id': expect.stringMatching(/^[0-9a-f]{16}$/),
        'event.duration': expect.any(Number),
        'http.response.status_code': 204,
        'event.outcome': 'success',
        'vigia.outcome': 'done',
        message: 'handled',
      },
      expect.objectContaining({
        'log.level': 'warn',
        'event.id': 'tg/2',
        'http.response.status_code': 422,
        'event.outcome': 'failure',
        'vigia.outcome': 'permanent',
        message: expect.stringContaining("must have required property 'chatId'"),
      }),
      expect.objectContaining({
        'log.level': 'warn',
        'http.response.status_code': 400,
        'vigia.outcome': 'malformed',
        message: 'attribute id is missing',
      }),
    ])
  })
})

test('the signal of a rule aborts when the client closes the connection', async () => {
  const started = gate()
  const aborted = gate()
  let reason: unknown
  await using function_ = await startFunction({
    name: 'patient',
    events: [
      on(Tick, async (_, { signal }) => {
        started.open()
        await once(signal, 'abort')
        reason = signal.reason
        aborted.open()
      }),
    ],
  })
  const clientRequest = request({
    port: function_.port,
    host: '127.0.0.1',
    method: 'POST',
    headers: binaryEventHeaders({ type: Tick.type }),
  })
  clientRequest.on('error', () => {})
  clientRequest.end()
  await started.opened
  clientRequest.destroy()
  await aborted.opened
  expect(reason).toMatchObject({ message: 'the sender closed the connection' })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { CloudEvent } from 'cloudevents'
import { afterEach, describe, expect, test } from 'vitest'
import { maxHops, type VigiaEvent } from '#events/event.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { parseCloudEvent } from '#functions/host/cloud-event.ts'
import type { DeadLetter } from '#functions/host/dead-letter.ts'
import { Conflict, Permanent, RetryLater } from '#functions/host/errors.ts'
import { type EventsToPublish, type FunctionDefinition, on } from '#functions/host/function-definition.ts'
import { insisting, times } from '#test/functions/dial/support/raw.ts'
import { binaryEventHeaders, gate, startFunction, startSink } from '#test/support/function-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

const followed = { type: SeriesFollowed.type, subject: 'show/82' }
const follow = { chatId: 7, showId: 82, followedAt: '2026-11-21T12:00:00Z' }

/** A function that keeps the events it gets. */
const keeping = (rule: (event: VigiaEvent) => Promise<EventsToPublish> = async () => {}) => {
  const kept: VigiaEvent[] = []
  const keep = async (event: VigiaEvent) => {
    kept.push(event)
    return rule(event)
  }
  return {
    kept,
    fitting: { name: 'keeper', events: [on(SeriesFollowed, keep), on(Tick, keep)] } satisfies FunctionDefinition,
  }
}

describe('an event that arrives', () => {
  test('in binary mode reaches the rule with its attributes and data, and is answered with nothing', async () => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    const answer = await function_.send(
      { ...followed, id: 'tg/1', time: '2026-11-21T09:00:00-03:00', vigiahops: '3', causationid: 'tg' },
      follow,
    )
    expect(answer).toMatchObject({ status: 204, body: '' })
    expect(answer.headers['content-type']).toBeUndefined()
    expect(kept).toEqual([
      {
        id: 'tg/1',
        type: SeriesFollowed.type,
        source: '/test',
        subject: 'show/82',
        time: '2026-11-21T12:00:00.000Z',
        datacontenttype: 'application/json',
        data: follow,
        causationid: 'tg',
        traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
        vigiahops: 3,
      },
    ])
  })

  test.each(['application/cloudevents+json', 'Application/CloudEvents+JSON; charset=UTF-8'])(
    'in structured mode as %s reaches the rule the same',
    async contentType => {
      const { kept, fitting } = keeping()
      await using function_ = await startFunction(fitting)
      const body = JSON.stringify({
        specversion: '1.0',
        id: 'e1',
        source: '/test',
        ...followed,
        data: follow,
        vigiahops: 2,
        causationid: null,
      })
      expect(await function_.ask({ headers: { 'content-type': contentType }, body })).toMatchObject({ status: 204 })
      expect(kept).toMatchObject([{ id: 'e1', subject: 'show/82', data: follow, vigiahops: 2 }])
      expect(kept[0]).not.toHaveProperty('causationid')
    },
  )

  test('as base64 in structured mode is the JSON that the bytes are', async () => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    const data_base64 = Buffer.from(JSON.stringify(follow)).toString('base64')
    const body = JSON.stringify({
      specversion: '1.0',
      id: 'e1',
      source: '/test',
      ...followed,
      datacontenttype: 'application/json',
      data_base64,
    })
    expect(await function_.ask({ headers: { 'content-type': 'application/cloudevents+json' }, body })).toMatchObject({
      status: 204,
    })
    expect(kept).toMatchObject([{ data: follow }])
  })

  test.each([
    ['no content type', ''],
    ['a charset', 'application/json;charset=utf-8'],
    ['odd case', 'Application/JSON'],
    ['a JSON type of its own', 'application/vnd.vigia+json'],
  ])('with %s is still read as JSON', async (_, contentType) => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    expect(
      await function_.ask({ headers: binaryEventHeaders(followed, contentType), body: JSON.stringify(follow) }),
    ).toMatchObject({ status: 204 })
    expect(kept).toMatchObject([{ data: follow }])
  })

  test.each([
    ['no body and no content type', '', ''],
    ['no body', 'application/json', ''],
    ['an empty object', 'application/json', '{}'],
    ['data without a content type', '', '{"a": 1}'],
  ])('as a tick with %s is a tick', async (_, contentType, body) => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    const headers = binaryEventHeaders(
      { type: 'dev.knative.sources.ping', source: '/apis/v1/namespaces/vigia/pingsources/keeper', tick: 'keeper' },
      contentType,
    )
    expect(await function_.ask({ headers, body })).toMatchObject({ status: 204 })
    expect(kept).toMatchObject([{ type: 'dev.knative.sources.ping', tick: 'keeper', vigiahops: 0 }])
  })

  test('again belongs to the same trace, and one that brings a trace keeps it', async () => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    await function_.send(followed, follow)
    await function_.send(followed, follow)
    await function_.send({ ...followed, id: 'e2' }, follow)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await function_.ask({ headers: { ...binaryEventHeaders(followed), traceparent }, body: JSON.stringify(follow) })
    const [first, second, third, fourth] = kept.map(event => event.traceparent)
    expect(second).toBe(first)
    expect(third).not.toBe(first)
    expect(fourth).toBe(traceparent)
    expect(function_.logged().at(-1)).toMatchObject({ trace: '0af7651916cd43dd8448eb211c80319c' })
  })
})

describe('what is no event of ours', () => {
  const structured = (event: unknown) => ({
    headers: { 'content-type': 'application/cloudevents+json' },
    body: typeof event === 'string' ? event : JSON.stringify(event),
  })
  const whole = { specversion: '1.0', id: 'e1', source: '/test', ...followed, data: follow }
  const one = JSON.stringify(follow)

  test.each<[string, { headers: Record<string, string>; body: string }]>([
    ['nothing of an event', { headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['an empty id', { headers: binaryEventHeaders({ ...followed, id: '' }), body: one }],
    ['an empty type', { headers: binaryEventHeaders({ type: '' }), body: one }],
    ['an empty source', { headers: binaryEventHeaders({ ...followed, source: '' }), body: one }],
    ['no specversion', { headers: { 'ce-id': '1', 'ce-type': 'x', 'ce-source': '/x' }, body: one }],
    ['specversion 0.3', { headers: binaryEventHeaders({ ...followed, specversion: '0.3' }), body: one }],
    ['specversion 2.0', { headers: binaryEventHeaders({ ...followed, specversion: '2.0' }), body: one }],
    ['a time that is none', { headers: binaryEventHeaders({ ...followed, time: 'yesterday' }), body: one }],
    ['a time without a zone', { headers: binaryEventHeaders({ ...followed, time: '2026-11-21T12:00:00' }), body: one }],
    ['a source that is no URI', { headers: binaryEventHeaders({ ...followed, source: '://' }), body: one }],
    ['a source whose scheme is none', { headers: binaryEventHeaders({ ...followed, source: '1:x' }), body: one }],
    ['a relative dataschema', { headers: binaryEventHeaders({ ...followed, dataschema: 'v1' }), body: one }],
    ['an extension with a dash', { headers: binaryEventHeaders({ ...followed, 'my-extension': 'x' }), body: one }],
    ['data that is not JSON', { headers: binaryEventHeaders(followed), body: 'not json' }],
    ['half of the data', { headers: binaryEventHeaders(followed), body: one.slice(0, -3) }],
    ['a batch', { headers: { 'content-type': 'application/cloudevents-batch+json' }, body: JSON.stringify([whole]) }],
    ['structured XML', { headers: { 'content-type': 'application/cloudevents+xml' }, body: '<event/>' }],
    ['structured, empty', structured('')],
    ['structured, not JSON', structured('{')],
    ['structured, a list', structured([whole])],
    ['structured, null', structured('null')],
    ['structured, a number as id', structured({ ...whole, id: 1 })],
    ['structured, without type', structured({ ...whole, type: undefined })],
    ['structured, an object as extension', structured({ ...whole, extension: { a: 1 } })],
    [
      'structured, 200,000 levels deep',
      structured(
        `{"specversion":"1.0","id":"e1","source":"/x","type":"x","data":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      ),
    ],
    ['structured, bytes that are no text', structured({ ...whole, data: undefined, data_base64: 7 })],
  ])('%s is refused with 400 and never seen by the rule', async (_, asked) => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    const answer = await function_.ask(asked)
    expect(answer.status).toBe(400)
    expect(answer.body).not.toBe('')
    expect(kept).toEqual([])
  })

  test('our checks of attributes refuse what the SDK refuses', () => {
    const right = { specversion: '1.0', id: 'e1', source: '/test', type: 'dev.vigia.x' }
    const tried: Record<string, unknown>[] = [
      right,
      { ...right, id: '' },
      { ...right, type: '' },
      { ...right, source: '' },
      { ...right, source: 'urn:a:b' },
      { ...right, source: 'a b' },
      { ...right, source: '/a?b#c' },
      { ...right, source: 'https://example.org/a?b' },
      { ...right, subject: 'show/82' },
      { ...right, dataschema: 'https://vigia.dev/events/x/v1' },
      { ...right, dataschema: 'relative' },
      { ...right, time: '2026-11-21T12:00:00Z' },
      { ...right, time: '2026-11-21' },
      { ...right, 'not-a-name': 'x' },
      { ...right, extension: true },
      { ...right, extension: 5 },
    ]
    for (const attributes of tried) {
      const accepted = (read: () => unknown) => {
        try {
          return Boolean(read())
        } catch {
          return false
        }
      }
      const sdk = accepted(() => attributes.id !== '' && new CloudEvent(attributes as never))
      const body = Buffer.from(JSON.stringify(attributes))
      expect(
        accepted(() => parseCloudEvent({ 'content-type': 'application/cloudevents+json' }, body)),
        JSON.stringify(attributes),
      ).toBe(sdk)
    }
  })

  test('an event that nobody here handles, or whose data is not what its schema says, goes to the dead letters with the reason', async () => {
    await using function_ = await startFunction({ name: 'prober', events: [on(ProbeRequested, async () => {})] })
    expect(await function_.send({ type: 'dev.vigia.unheard.of' })).toMatchObject({
      status: 422,
      body: 'prober does not handle dev.vigia.unheard.of',
    })
    const check = {
      monitorId: 1,
      kind: 'http',
      url: 'https://example.org',
      timeoutMs: 5000,
      intervalS: 60,
      dueAt: '2026-11-21T12:00:00Z',
    }
    const requested = (checks: unknown) =>
      function_.send({ type: ProbeRequested.type, id: 'p1' }, { reason: 'slot', checks })
    expect(await requested([check, { ...check, timeoutMs: 'soon' }])).toMatchObject({
      status: 422,
      body: 'dev.vigia.probe.requested p1: data.checks.1.timeoutMs must be integer',
    })
    expect(await requested([{ ...check, url: undefined }])).toMatchObject({
      status: 422,
      body: "dev.vigia.probe.requested p1: data.checks.0 must have required property 'url'",
    })
    expect((await requested([])).body).toContain('data.checks must NOT have fewer than 1 items')
    expect((await function_.ask({ headers: binaryEventHeaders({ type: ProbeRequested.type }), body: '' })).status).toBe(
      422,
    )
    expect(
      (await function_.ask({ headers: binaryEventHeaders({ type: ProbeRequested.type }), body: 'null' })).status,
    ).toBe(422)
    expect(
      (await function_.ask({ headers: binaryEventHeaders({ type: ProbeRequested.type }, 'text/plain'), body: 'hello' }))
        .status,
    ).toBe(422)
    expect(
      (await function_.ask({ headers: binaryEventHeaders({ type: ProbeRequested.type }, 'image/png'), body: 'hello' }))
        .status,
    ).toBe(422)
    expect(await requested([check])).toMatchObject({ status: 204 })
  })

  test('other methods and other paths are refused without a redirect', async () => {
    await using function_ = await startFunction(keeping().fitting)
    expect(await function_.ask({ method: 'GET', headers: binaryEventHeaders(followed) })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    })
    expect(await function_.ask({ method: 'GET', path: '/anything' })).toMatchObject({ status: 404 })
    expect(await function_.send(followed, follow, '/dead/some-trigger')).toMatchObject({ status: 422 })
  })
})

describe('the answer', () => {
  const failing = (error: unknown): FunctionDefinition => ({
    name: 'failing',
    events: [on(Tick, () => Promise.reject(error))],
  })
  const tick = { type: Tick.type }

  test.each<[string, unknown, number, string]>([
    ['cannot ever work', new Permanent('no wording for it'), 422, 'no wording for it'],
    ['has met another worker', new Conflict('somebody else has it'), 409, 'somebody else has it'],
    ['should come later', new RetryLater('TVMaze is away', 29.2), 503, 'TVMaze is away'],
    ['fails otherwise', new TypeError('x is not a function'), 500, 'TypeError: x is not a function'],
    ['throws what is no error', 'just text', 500, 'just text'],
    ['throws nothing', undefined, 500, 'undefined'],
  ])('to an event that %s tells the broker whether to come again', async (_, error, status, body) => {
    await using function_ = await startFunction(failing(error))
    const answer = await function_.send(tick)
    expect(answer).toMatchObject({ status, body })
    expect(answer.headers['retry-after']).toBe(status === 503 ? '30' : undefined)
  })

  test('is short, and tells no secrets and no stack', async () => {
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

  test('of a probe of health needs neither the rule nor the sink', async () => {
    await using function_ = await startFunction(failing(new Error('away')))
    expect(await function_.ask({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200, body: 'ok\n' })
    expect(await function_.ask({ method: 'HEAD', path: '/healthz?from=kubelet' })).toMatchObject({
      status: 200,
      body: '',
    })
  })

  test.each(['/healthz', '/metrics', '/version'])('of %s are for the inside: a public domain has none', async path => {
    await using function_ = await startFunction(keeping().fitting)
    const statusFor = async (host: string) => (await function_.ask({ method: 'GET', path, headers: { host } })).status
    for (const inside of ['10.0.0.7:8080', '[fd00::7]:8080', 'keeper', 'keeper.localhost:8080', 'keeper.vigia.svc'])
      expect(await statusFor(inside), inside).toBe(200)
    for (const outside of [
      'vigia.example.org',
      'keeper.vigia.10.0.0.7.sslip.io',
      'svc.example.org:443',
      'x.localhost.example',
    ])
      expect(await statusFor(outside), outside).toBe(404)
  })

  test('of /metrics counts events by type and outcome', async () => {
    await using function_ = await startFunction(keeping().fitting)
    await function_.send(followed, follow)
    await function_.send(followed, follow)
    await function_.send(followed, { chatId: 'seven' })
    await function_.send({ type: 'dev.vigia.made.up' })
    const { body, headers } = await function_.ask({ method: 'GET', path: '/metrics' })
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
})

describe('the size of a body', () => {
  const text = (bytes: number) =>
    JSON.stringify({ ...follow, padding: 'x'.repeat(bytes - JSON.stringify({ ...follow, padding: '' }).length) })

  test('of 1 MiB is taken', async () => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    expect(await function_.ask({ headers: binaryEventHeaders(followed), body: text(1024 * 1024) })).toMatchObject({
      status: 204,
    })
    expect(kept).toHaveLength(1)
  })

  test('of a byte more is refused with 413, announced or not', async () => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    const body = text(1024 * 1024 + 1)
    expect(await function_.ask({ headers: binaryEventHeaders(followed), body })).toMatchObject({ status: 413 })
    expect(
      await function_.ask({ headers: { ...binaryEventHeaders(followed), 'transfer-encoding': 'chunked' }, body }),
    ).toMatchObject({ status: 413 })
    expect(kept).toEqual([])
  })

  test.each([
    ['announced', 'Content-Length: 3145728', 'x'.repeat(65_536)],
    ['in chunks', 'Transfer-Encoding: chunked', `10000\r\n${'x'.repeat(65_536)}\r\n`],
  ])('of 3 MiB gets its 413 while the sender is still writing: %s', async (_, how, piece) => {
    await using function_ = await startFunction(keeping().fitting)
    const headers = Object.entries(binaryEventHeaders(followed)).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `POST / HTTP/1.1\r\nHost: x\r\n${headers.join('')}${how}\r\n\r\n`
    expect(await insisting(function_.port, head, times(48, piece))).toBe(413)
  })

  test('of a stranger is not asked for, and the refusal reaches one who sends it all the same', async () => {
    const handle = async () => ({ status: 200 })
    await using function_ = await startFunction({ name: 'door', http: { admit: () => 401, handle } })
    await using open = await startFunction({ name: 'open', http: { handle } })
    const head = (bytes: number, more = '') => `POST / HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${bytes}\r\n\r\n`
    const waiting = (port: number, bytes: number) =>
      insisting(port, head(bytes, 'Expect: 100-continue\r\n'), () => undefined)
    expect(await insisting(function_.port, head(3_145_728), times(48, 'x'.repeat(65_536)))).toBe(401)
    expect(await waiting(function_.port, 5)).toBe(401)
    expect(await waiting(open.port, 3_145_728)).toBe(413)
    expect(await waiting(open.port, 5)).toBe(100)
  })

  test('that is announced too large is refused before it is sent', async () => {
    await using function_ = await startFunction(keeping().fitting)
    const asking = request({
      port: function_.port,
      host: '127.0.0.1',
      method: 'POST',
      headers: { ...binaryEventHeaders(followed), 'content-length': 2 ** 30 },
    })
    asking.on('error', () => {})
    asking.flushHeaders()
    const [response] = await once(asking, 'response')
    expect(response.statusCode).toBe(413)
    asking.destroy()
  })

  test('that stops half-way disturbs nobody', async () => {
    const { kept, fitting } = keeping()
    await using function_ = await startFunction(fitting)
    const socket = connect(function_.port, '127.0.0.1')
    socket.on('error', () => {})
    const headers = Object.entries(binaryEventHeaders(followed)).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\n${headers.join('')}content-length: 100\r\n\r\n{"chatId"`)
    expect(await function_.send(followed, follow)).toMatchObject({ status: 204 })
    socket.destroy()
    expect(await function_.send(followed, follow)).toMatchObject({ status: 204 })
    expect(kept).toHaveLength(2)
    expect(function_.logged().map(({ outcome }) => outcome)).toEqual(['done', 'done'])
  })

  test('in a content coding is refused rather than misread', async () => {
    await using function_ = await startFunction(keeping().fitting)
    expect(
      await function_.ask({ headers: { ...binaryEventHeaders(followed), 'content-encoding': 'gzip' }, body: 'x' }),
    ).toMatchObject({ status: 415 })
  })
})

describe('a function with a face of its own', () => {
  const echo: FunctionDefinition = {
    name: 'echo',
    events: [on(SeriesFollowed, async () => {})],
    admitEvent: headers => (headers['ce-signature'] === 'right' ? undefined : 401),
    http: {
      admit: ({ method, headers }) => (method !== 'POST' ? 405 : headers['x-secret'] === 'right' ? undefined : 401),
      handle: async ({ path, query, body, headers }) => {
        if (path === '/fails') throw new Error('the database at postgres://vigia:hunter2@db/vigia is away')
        if (path === '/later') throw new RetryLater('soon', 3)
        return {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            path,
            page: query.get('page'),
            next: query.get('next'),
            body: body.toString(),
            type: headers['content-type'],
          }),
        }
      },
    },
  }
  const right = { 'x-secret': 'right', 'content-type': 'application/json' }

  test('gets requests as they are, whatever their path and body', async () => {
    await using function_ = await startFunction(echo)
    const bodies = ['{"half":', '', 'null', '7', 'ø'.repeat(1000)]
    for (const body of bodies)
      for (const path of ['/', '/a/b', '/%E0%A4%A', '/favicon.ico', '/dead/x', '//example.org/x'])
        expect(
          JSON.parse((await function_.ask({ path: `${path}?page=2&next=a?b`, headers: right, body })).body),
        ).toEqual({
          path,
          page: '2',
          next: 'a?b',
          body,
          type: 'application/json',
        })
  })

  test('refuses before the body is read', async () => {
    await using function_ = await startFunction(echo)
    for (const headers of [{ 'x-secret': 'wrong' }, { ...binaryEventHeaders(followed), 'ce-signature': 'wrong' }]) {
      const asking = request({
        port: function_.port,
        host: '127.0.0.1',
        method: 'POST',
        headers: { ...headers, 'content-length': 1000 },
      })
      asking.on('error', () => {})
      asking.write('{')
      const [response] = await once(asking, 'response')
      expect(response.statusCode).toBe(401)
      asking.destroy()
    }
    expect(await function_.ask({ method: 'PUT', headers: right, body: 'x' })).toMatchObject({ status: 405 })
    expect(function_.lines).toEqual([])
  })

  test('hears events all the same', async () => {
    await using function_ = await startFunction(echo)
    expect(await function_.send({ ...followed, signature: 'right' }, follow)).toMatchObject({ status: 204 })
  })

  test('tells strangers nothing of what went wrong inside', async () => {
    await using function_ = await startFunction(echo)
    expect(await function_.ask({ path: '/fails', headers: right })).toMatchObject({
      status: 500,
      body: 'internal error',
    })
    expect(await function_.ask({ path: '/later', headers: right })).toMatchObject({
      status: 503,
      body: 'soon',
      headers: { 'retry-after': '3' },
    })
    expect(function_.logged()[0]).toMatchObject({ level: 'error', path: '/fails', outcome: 'failed' })
    expect(function_.lines.join()).not.toContain('hunter2')
  })

  test('publishes before it answers', async () => {
    const go = gate()
    await using broker = await startSink(() => go.opened.then(() => 202))
    const fitting: FunctionDefinition = {
      name: 'webhook',
      http: {
        handle: async () => ({
          status: 200,
          body: 'done',
          events: [SeriesFollowed.from({ id: 'tg/1', vigiahops: -1 }, { subject: 'show/82', data: follow })],
        }),
      },
    }
    await using function_ = await startFunction(fitting, { sink: broker.url })
    let answered = false
    const asking = function_.ask({}).then(answer => {
      answered = true
      return answer
    })
    await until(() => broker.received.length === 1)
    expect(answered).toBe(false)
    go.open()
    expect(await asking).toMatchObject({ status: 200, body: 'done' })
    expect(broker.received[0]!.headers).toMatchObject({
      'ce-id': 'tg/1/series.followed',
      'ce-causationid': 'tg/1',
      'ce-vigiahops': '0',
    })
    expect(broker.received[0]!.headers.traceparent).toMatch(/^00-/)
  })
})

describe('what a rule returns', () => {
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

  test('is posted to the sink in binary mode, with where it is from and what caused it', async () => {
    await using broker = await startSink()
    await using function_ = await startFunction(fanOut(1), {
      sink: broker.url,
      overrides: '{"extensions":{"region":"sa"}}',
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    expect(await function_.ask({ headers: { ...binaryEventHeaders(tick), traceparent }, body: '{}' })).toMatchObject({
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
    expect(function_.logged()).toMatchObject([{ id: 't1', published: 1, outcome: 'done' }])
  })

  test('is all taken before the event is answered, many at once but not all', async () => {
    const go = gate()
    let open = 0
    let most = 0
    await using broker = await startSink(async () => {
      most = Math.max(most, ++open)
      await go.opened
      open--
      return 202
    })
    await using function_ = await startFunction(fanOut(50), { sink: broker.url, overrides: '' })
    let answered = false
    const asking = function_.send(tick).then(answer => {
      answered = true
      return answer
    })
    await until(() => broker.received.length === 16)
    expect(answered).toBe(false)
    go.open()
    expect(await asking).toMatchObject({ status: 204 })
    expect(most).toBe(16)
    expect(new Set(broker.received.map(({ headers }) => headers['ce-id'])).size).toBe(50)
  })

  test.each([
    [500, 500],
    [503, 500],
    [302, 500],
    [404, 500],
    [400, 422],
    [413, 422],
  ])(
    'and the sink refuses with %i makes the event come again only where that can help (%i)',
    async (refusal, status) => {
      await using broker = await startSink(({ headers }) =>
        headers['ce-id'] === 't1/series.followed/1' ? refusal : 202,
      )
      await using function_ = await startFunction(fanOut(3), { sink: broker.url })
      const answer = await function_.send(tick)
      expect(answer).toMatchObject({
        status,
        body: `the broker answered ${refusal} to dev.vigia.series.followed t1/series.followed/1`,
      })
    },
  )

  test('and no sink is there makes the event come again, with words that help', async () => {
    const { port } = await startFunction({ name: 'closed' }).then(async ({ port, host }) => {
      await host.drain(0)
      return { port }
    })
    await using away = await startFunction(fanOut(1), { sink: `http://127.0.0.1:${port}/vigia/default` })
    expect(await away.send(tick)).toMatchObject({
      status: 500,
      body: expect.stringMatching(/^the broker at 127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/),
    })
    await using unbound = await startFunction(fanOut(1))
    const later = await unbound.send(tick)
    expect(later).toMatchObject({ status: 503, body: expect.stringMatching(/^K_SINK is not set/) })
    expect(later.headers['retry-after']).toBe('5')
    expect(unbound.logged().at(-1)).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/^K_SINK is not set/),
    })
    expect(await unbound.ask({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200 })
  })

  test('is delivered even where the broker has closed its idle connections', async () => {
    await using broker = await startSink()
    await using function_ = await startFunction(fanOut(1), { sink: broker.url })
    for (let round = 0; round < 5; round++) {
      expect(await function_.send({ ...tick, id: `t${round}` })).toMatchObject({ status: 204 })
      broker.closeIdle()
    }
    expect(broker.received).toHaveLength(5)
  })

  test('finds a broker under a name of localhost', async () => {
    await using broker = await startSink()
    const url = `http://broker-ingress.localhost:${broker.port}/vigia/default`
    await using function_ = await startFunction(fanOut(1), { sink: url })
    expect(await function_.send(tick)).toMatchObject({ status: 204 })
    expect(broker.received[0]!.headers.host).toBe(`broker-ingress.localhost:${broker.port}`)
  })

  test('in a loop, or with what no header carries, goes to the dead letters', async () => {
    await using broker = await startSink()
    await using looping = await startFunction(fanOut(1), { sink: broker.url })
    expect(await looping.send({ ...tick, vigiahops: String(maxHops - 1) })).toMatchObject({ status: 204 })
    expect(await looping.send({ ...tick, vigiahops: String(maxHops) })).toMatchObject({
      status: 422,
      body: expect.stringContaining('a loop'),
    })
    await using odd = await startFunction(fanOut(1, { subject: 'show/ol\u0007a' }), { sink: broker.url })
    expect(await odd.send(tick)).toMatchObject({
      status: 422,
      body: expect.stringContaining('subject "show/ol\\u0007a" is empty or has a character that no event carries'),
    })
    expect(broker.received).toHaveLength(1)
  })

  test('with what is not ASCII is percent-encoded, as the HTTP binding says', async () => {
    await using broker = await startSink()
    await using function_ = await startFunction(fanOut(1, { subject: 'show/"olá" 100%' }), { sink: broker.url })
    expect(await function_.send(tick)).toMatchObject({ status: 204 })
    expect(broker.received[0]!.headers['ce-subject']).toBe('show/%22ol%C3%A1%22%20100%25')
  })

  test('cannot be published where K_SINK or K_CE_OVERRIDES is no such thing, and that is said at the start', async () => {
    await expect(startFunction(fanOut(1), { sink: 'broker' })).rejects.toThrow('K_SINK is "broker", which is not a URL')
    await expect(startFunction(fanOut(1), { overrides: '{' })).rejects.toThrow('K_CE_OVERRIDES is not JSON')
  })
})

describe('a dead letter', () => {
  const receiving = () => {
    const letters: DeadLetter[] = []
    return {
      letters,
      fitting: {
        name: 'error-notifier',
        deadLetters: async letter => void letters.push(letter),
      } satisfies FunctionDefinition as FunctionDefinition,
    }
  }
  const lost = { type: 'dev.somebody.else', id: 'e7', subject: 'show/82' }

  test.each<[string, Record<string, string>, Pick<DeadLetter, 'code' | 'reason'>]>([
    [
      'in base64',
      { knativeerrorcode: '422', knativeerrordata: Buffer.from('não há palavras').toString('base64') },
      { code: 422, reason: 'não há palavras' },
    ],
    ['in plain text', { knativeerrorcode: '500', knativeerrordata: 'no wording' }, { code: 500, reason: 'no wording' }],
    [
      'in a word that could be base64',
      { knativeerrorcode: '500', knativeerrordata: 'timeout1' },
      { code: 500, reason: 'timeout1' },
    ],
    ['empty', { knativeerrorcode: '404', knativeerrordata: '' }, { code: 404, reason: '' }],
    ['not at all', {}, { code: null, reason: '' }],
  ])(
    'arrives with its reason %s, without what the broker added, whatever its type and data',
    async (_, added, reason) => {
      const { letters, fitting } = receiving()
      await using function_ = await startFunction(fitting)
      const attributes = {
        ...lost,
        ...added,
        knativeerrordest: 'http://x/',
        knativebrokerttl: '255',
        knativearrivaltime: '2026-11-21T12:00:00Z',
        other: 'kept',
      }
      expect(await function_.send(attributes, { any: 'thing' }, '/dead/error-notifier-tick')).toMatchObject({
        status: 204,
      })
      expect(letters).toMatchObject([
        { trigger: 'error-notifier-tick', ...reason, event: { ...lost, other: 'kept', data: { any: 'thing' } } },
      ])
      expect(Object.keys(letters[0]!.event).filter(name => name.startsWith('knative'))).toEqual([])
      expect(function_.logged()).toMatchObject([{ trigger: 'error-notifier-tick', id: 'e7', outcome: 'done' }])
    },
  )

  test.each([
    ['arrays', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])(
    'of JSON that no table takes, %s nested too deep, is kept as base64; the event itself is refused for good',
    async (_, body) => {
      const { letters, fitting } = receiving()
      await using function_ = await startFunction({
        ...fitting,
        ...keeping().fitting,
        deadLetters: fitting.deadLetters!,
      })
      expect(await function_.ask({ path: '/dead/t', headers: binaryEventHeaders(lost), body })).toMatchObject({
        status: 204,
      })
      expect(letters).toMatchObject([{ event: { data: undefined, data_base64: Buffer.from(body).toString('base64') } }])
      expect(await function_.ask({ headers: binaryEventHeaders(followed), body })).toMatchObject({
        status: 422,
        body: expect.stringContaining('nested too deep'),
      })
    },
  )

  test('keeps text as text, and bytes as base64', async () => {
    const { letters, fitting } = receiving()
    await using function_ = await startFunction(fitting)
    const post = (contentType: string, body: string | Buffer) =>
      function_.ask({ path: '/dead/t', headers: binaryEventHeaders(lost, contentType), body })
    await post('text/plain', 'hello')
    await post('image/png', Buffer.from([0x89, 0x50, 0, 255]))
    await post('', '')
    expect(letters.map(({ event }) => [event.data, event.data_base64])).toEqual([
      ['hello', undefined],
      [undefined, 'iVAA/w=='],
      [undefined, undefined],
    ])
  })
})

describe('the log', () => {
  test('has one line for each event: what it was, how it ended, how long it took', async () => {
    await using function_ = await startFunction(keeping().fitting)
    await function_.send({ ...followed, id: 'tg/1' }, follow)
    await function_.send({ ...followed, id: 'tg/2' }, {})
    await function_.send({ ...followed, id: '' }, {})
    expect(function_.logged()).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        function: 'keeper',
        type: SeriesFollowed.type,
        id: 'tg/1',
        subject: 'show/82',
        trace: expect.stringMatching(/^[0-9a-f]{32}$/),
        ms: expect.any(Number),
        status: 204,
        outcome: 'done',
        message: 'handled',
      },
      expect.objectContaining({
        level: 'warn',
        id: 'tg/2',
        status: 422,
        outcome: 'permanent',
        message: expect.stringContaining("must have required property 'chatId'"),
      }),
      expect.objectContaining({ level: 'warn', status: 400, outcome: 'malformed', message: 'attribute id is missing' }),
    ])
  })
})

describe('a process', () => {
  const running: ChildProcess[] = []
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })

  /** Starts a served function of test/support/function-server.process.ts; `gateServer` holds what it waits for. */
  const start = async (env: Record<string, string> = {}) => {
    const go = gate()
    const calls: string[] = []
    const gateServer = createServer((request, response) => {
      calls.push(request.url!)
      if (request.url === '/closed') response.end()
      else void go.opened.then(() => response.end())
    }).listen(0, '127.0.0.1')
    await once(gateServer, 'listening')
    gateServer.unref()
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    await once(probe, 'close')
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../support/function-server.process.ts')], {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        HOST: '127.0.0.1',
        GATE: `http://127.0.0.1:${(gateServer.address() as AddressInfo).port}/`,
        ...env,
      },
    })
    running.push(child)
    let said = ''
    child.stdout.on('data', text => {
      said += text
    })
    child.stderr.on('data', text => {
      said += text
    })
    const ended = once(child, 'close').then(([code]) => code as number | null)
    const up = () =>
      until(() => sendRequest(port, { method: 'GET', path: '/healthz' }).then(({ status }) => status === 200))
    const tick = (subject: string, agent?: Agent) => {
      const headers = binaryEventHeaders({ type: Tick.type, subject })
      if (!agent) return sendRequest(port, { headers })
      return new Promise<number>((resolve, reject) => {
        const asking = request({ host: '127.0.0.1', port, method: 'POST', headers, agent }, response => {
          response.resume()
          response.on('end', () => resolve(response.statusCode!))
        })
        asking.on('error', reject)
        asking.end()
      })
    }
    return { child, port, go, calls, ended, up, tick, said: () => said }
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'that gets %s finishes what it has, takes nothing new, closes and ends well',
    async signal => {
      const { child, port, go, calls, ended, up, tick } = await start()
      await up()
      const waiting = tick('wait') as Promise<{ status: number; headers: Record<string, string> }>
      await until(() => calls.includes('/'))
      child.kill(signal)
      await until(() =>
        sendRequest(port, { method: 'GET', path: '/healthz' }).then(
          () => false,
          error => error.code === 'ECONNREFUSED',
        ),
      )
      expect(child.exitCode).toBeNull()
      expect(calls).not.toContain('/closed')
      go.open()
      const answer = await waiting
      expect(answer.status).toBe(204)
      expect(answer.headers.connection).toBe('close')
      expect(await ended).toBe(0)
      expect(calls).toContain('/closed')
    },
  )

  test('that nobody talks to ends at once, though connections are open', async () => {
    const { child, ended, up, tick } = await start()
    await up()
    const agent = new Agent({ keepAlive: true })
    expect(await tick('nothing', agent)).toBe(204)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    agent.destroy()
  })

  test.each([
    ['a promise that nobody awaited', 'reject', 'nobody awaited this'],
    ['an error event that nobody listened to', 'throw', 'nobody listened to this'],
  ])('in which fails %s says so, finishes the other requests, and ends with 1', async (_, subject, message) => {
    const { go, calls, ended, up, tick, said } = await start()
    await up()
    const waiting = tick('wait')
    await until(() => calls.includes('/'))
    expect(await tick(subject)).toMatchObject({ status: 204 })
    await until(() => said().includes('"fatal"'))
    go.open()
    expect(await waiting).toMatchObject({ status: 204 })
    expect(await ended).toBe(1)
    expect(calls).toContain('/closed')
    const fatal = said()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(({ level }) => level === 'fatal')
    expect(fatal).toMatchObject([{ function: 'served', message }])
  })

  test.each([
    ["Node's warning", 'warning', 'warn', 'this will go'],
    ['what a library prints', 'console', 'error', 'a library says this'],
  ])('makes %s a line of its log', async (_, subject, level, message) => {
    const { child, ended, up, tick, said } = await start()
    await up()
    expect(await tick(subject)).toMatchObject({ status: 204 })
    await until(() => said().includes(message))
    child.kill('SIGTERM')
    await ended
    const lines = said()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.filter(line => line.message === message)).toMatchObject([{ function: 'vigia', level }])
  })

  test('lets no secret into its output or its answers', async () => {
    const secret = 'canary-"quoted"-b7ad6b71'
    const { child, ended, up, tick, said } = await start({
      TEST_SECRET: secret,
      DATABASE_URL: 'postgres://vigia:canary%2Fpassword@db/vigia',
    })
    await up()
    const { body } = (await tick('token')) as { body: string }
    expect(body).toBe('refused for [redacted] and [redacted]')
    child.kill('SIGTERM')
    await ended
    expect(said()).toContain('refused for [redacted] and [redacted]')
    expect(said()).not.toMatch(/canary|AAAAAAAA/)
  })

  test.each<[string, Record<string, string>, string]>([
    ['a missing variable', { GATE: '' }, 'GATE is not set; the README says what belongs there'],
    ['a port that is none', { PORT: 'http' }, 'PORT is "http"; it must be a number from 1 to 65535'],
    [
      'a level that is none',
      { LOG_LEVEL: 'loud' },
      'LOG_LEVEL is "loud"; it can be trace, debug, info, warn, error, fatal, silent',
    ],
    ['a sink that is no URL', { K_SINK: 'broker' }, 'K_SINK is "broker", which is not a URL'],
  ])('with %s ends with one line that says so', async (_, env, message) => {
    const { ended, said } = await start(env)
    expect(await ended).toBe(1)
    const lines = said().trim().split('\n')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'fatal', message })
  })

  test('whose port is taken ends with one line that says so', async () => {
    const first = await start()
    await first.up()
    const second = await start({ PORT: String(first.port) })
    expect(await second.ended).toBe(1)
    expect(JSON.parse(second.said().trim())).toMatchObject({
      level: 'fatal',
      message: expect.stringContaining('EADDRINUSE'),
    })
  })
})

test('a rule learns that its sender has gone', async () => {
  const started = gate()
  const told = gate()
  let reason: unknown
  await using function_ = await startFunction({
    name: 'patient',
    events: [
      on(Tick, async (_, { signal }) => {
        started.open()
        await once(signal, 'abort')
        reason = signal.reason
        told.open()
      }),
    ],
  })
  const asking = request({
    port: function_.port,
    host: '127.0.0.1',
    method: 'POST',
    headers: binaryEventHeaders({ type: Tick.type }),
  })
  asking.on('error', () => {})
  asking.end()
  await started.opened
  asking.destroy()
  await told.opened
  expect(reason).toMatchObject({ message: 'the sender has gone' })
})

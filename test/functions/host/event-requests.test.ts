import { CloudEvent } from 'cloudevents'
import { describe, expect, test } from 'vitest'
import { ProbeRequested } from '#events/probe-requested.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { parseCloudEvent } from '#functions/host/cloud-event.ts'
import { on } from '#functions/host/function-definition.ts'
import { binaryEventHeaders, startFunction } from '#test/support/function-server.ts'
import { follow, followed, recorder } from './support.ts'

describe('an event that arrives', () => {
  test('in binary mode reaches the rule with its attributes and data, and is answered with nothing', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    const answer = await function_.send(
      { ...followed, id: 'tg/1', time: '2026-11-21T09:00:00-03:00', vigiahops: '3', causationid: 'tg' },
      follow,
    )
    expect(answer).toMatchObject({ status: 204, body: '' })
    expect(answer.headers['content-type']).toBeUndefined()
    expect(events).toEqual([
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
      const { events, definition } = recorder()
      await using function_ = await startFunction(definition)
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
      expect(events).toMatchObject([{ id: 'e1', subject: 'show/82', data: follow, vigiahops: 2 }])
      expect(events[0]).not.toHaveProperty('causationid')
    },
  )

  test('as base64 in structured mode is the JSON that the bytes are', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
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
    expect(events).toMatchObject([{ data: follow }])
  })

  test.each([
    ['no content type', ''],
    ['a charset', 'application/json;charset=utf-8'],
    ['odd case', 'Application/JSON'],
    ['a JSON type of its own', 'application/vnd.vigia+json'],
  ])('with %s is still read as JSON', async (_, contentType) => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    expect(
      await function_.ask({ headers: binaryEventHeaders(followed, contentType), body: JSON.stringify(follow) }),
    ).toMatchObject({ status: 204 })
    expect(events).toMatchObject([{ data: follow }])
  })

  test.each([
    ['no body and no content type', '', ''],
    ['no body', 'application/json', ''],
    ['an empty object', 'application/json', '{}'],
    ['data without a content type', '', '{"a": 1}'],
  ])('as a tick with %s is a tick', async (_, contentType, body) => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    const headers = binaryEventHeaders(
      { type: 'dev.knative.sources.ping', source: '/apis/v1/namespaces/vigia/pingsources/keeper', tick: 'keeper' },
      contentType,
    )
    expect(await function_.ask({ headers, body })).toMatchObject({ status: 204 })
    expect(events).toMatchObject([{ type: 'dev.knative.sources.ping', tick: 'keeper', vigiahops: 0 }])
  })

  test('again belongs to the same trace, and one that brings a trace keeps it', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    await function_.send(followed, follow)
    await function_.send(followed, follow)
    await function_.send({ ...followed, id: 'e2' }, follow)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await function_.ask({ headers: { ...binaryEventHeaders(followed), traceparent }, body: JSON.stringify(follow) })
    const [first, second, third, fourth] = events.map(event => event.traceparent)
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
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    const answer = await function_.ask(asked)
    expect(answer.status).toBe(400)
    expect(answer.body).not.toBe('')
    expect(events).toEqual([])
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
    await using function_ = await startFunction(recorder().definition)
    expect(await function_.ask({ method: 'GET', headers: binaryEventHeaders(followed) })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    })
    expect(await function_.ask({ method: 'GET', path: '/anything' })).toMatchObject({ status: 404 })
    expect(await function_.send(followed, follow, '/dead/some-trigger')).toMatchObject({ status: 422 })
  })
})

import { CloudEvent } from 'cloudevents'
import { describe, expect, test } from 'vitest'
import { ProbeRequested } from '#events/probe-requested.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { parseCloudEvent } from '#functions/host/cloud-event.ts'
import { on } from '#functions/host/function-definition.ts'
import { binaryEventHeaders, startFunction } from '#test/support/function-server.ts'
import { follow, followed, recorder } from './support.ts'

describe('an event', () => {
  test('in binary mode reaches the rule with its attributes and data, and is answered with 204 without a body', async () => {
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
    'in structured mode as %s reaches the rule too',
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
      expect(await function_.request({ headers: { 'content-type': contentType }, body })).toMatchObject({ status: 204 })
      expect(events).toMatchObject([{ id: 'e1', subject: 'show/82', data: follow, vigiahops: 2 }])
      expect(events[0]).not.toHaveProperty('causationid')
    },
  )

  test('in structured mode with data_base64 is decoded as JSON', async () => {
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
    expect(
      await function_.request({ headers: { 'content-type': 'application/cloudevents+json' }, body }),
    ).toMatchObject({
      status: 204,
    })
    expect(events).toMatchObject([{ data: follow }])
  })

  test.each([
    ['no content type', ''],
    ['a charset', 'application/json;charset=utf-8'],
    ['a content type in mixed case', 'Application/JSON'],
    ['a vendor-specific JSON type', 'application/vnd.vigia+json'],
  ])('with %s is still read as JSON', async (_, contentType) => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    expect(
      await function_.request({ headers: binaryEventHeaders(followed, contentType), body: JSON.stringify(follow) }),
    ).toMatchObject({ status: 204 })
    expect(events).toMatchObject([{ data: follow }])
  })

  test.each([
    ['no body and no content type', '', ''],
    ['no body', 'application/json', ''],
    ['an empty object', 'application/json', '{}'],
    ['data without a content type', '', '{"a": 1}'],
  ])('from a PingSource with %s is a tick', async (_, contentType, body) => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    const headers = binaryEventHeaders(
      { type: 'dev.knative.sources.ping', source: '/apis/v1/namespaces/vigia/pingsources/keeper', tick: 'keeper' },
      contentType,
    )
    expect(await function_.request({ headers, body })).toMatchObject({ status: 204 })
    expect(events).toMatchObject([{ type: 'dev.knative.sources.ping', tick: 'keeper', vigiahops: 0 }])
  })

  test('that is delivered again has the same trace, and the traceparent of the sender is kept', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    await function_.send(followed, follow)
    await function_.send(followed, follow)
    await function_.send({ ...followed, id: 'e2' }, follow)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await function_.request({ headers: { ...binaryEventHeaders(followed), traceparent }, body: JSON.stringify(follow) })
    const [first, second, third, fourth] = events.map(event => event.traceparent)
    expect(second).toBe(first)
    expect(third).not.toBe(first)
    expect(fourth).toBe(traceparent)
    expect(function_.logged().at(-1)).toMatchObject({ 'trace.id': '0af7651916cd43dd8448eb211c80319c' })
  })
})

describe('an invalid event', () => {
  const structured = (event: unknown) => ({
    headers: { 'content-type': 'application/cloudevents+json' },
    body: typeof event === 'string' ? event : JSON.stringify(event),
  })
  const validEvent = { specversion: '1.0', id: 'e1', source: '/test', ...followed, data: follow }
  const validData = JSON.stringify(follow)

  test.each<[string, { headers: Record<string, string>; body: string }]>([
    ['a request without event attributes', { headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['an empty id', { headers: binaryEventHeaders({ ...followed, id: '' }), body: validData }],
    ['an empty type', { headers: binaryEventHeaders({ type: '' }), body: validData }],
    ['an empty source', { headers: binaryEventHeaders({ ...followed, source: '' }), body: validData }],
    ['no specversion', { headers: { 'ce-id': '1', 'ce-type': 'x', 'ce-source': '/x' }, body: validData }],
    ['specversion 0.3', { headers: binaryEventHeaders({ ...followed, specversion: '0.3' }), body: validData }],
    ['specversion 2.0', { headers: binaryEventHeaders({ ...followed, specversion: '2.0' }), body: validData }],
    [
      'a time that is not a timestamp',
      { headers: binaryEventHeaders({ ...followed, time: 'yesterday' }), body: validData },
    ],
    [
      'a time without a zone',
      { headers: binaryEventHeaders({ ...followed, time: '2026-11-21T12:00:00' }), body: validData },
    ],
    ['a source that is not a URI', { headers: binaryEventHeaders({ ...followed, source: '://' }), body: validData }],
    [
      'a source with an invalid scheme',
      { headers: binaryEventHeaders({ ...followed, source: '1:x' }), body: validData },
    ],
    ['a relative dataschema', { headers: binaryEventHeaders({ ...followed, dataschema: 'v1' }), body: validData }],
    [
      'an extension with a dash',
      { headers: binaryEventHeaders({ ...followed, 'my-extension': 'x' }), body: validData },
    ],
    ['data that is not JSON', { headers: binaryEventHeaders(followed), body: 'not json' }],
    ['truncated data', { headers: binaryEventHeaders(followed), body: validData.slice(0, -3) }],
    [
      'a batch',
      { headers: { 'content-type': 'application/cloudevents-batch+json' }, body: JSON.stringify([validEvent]) },
    ],
    ['structured XML', { headers: { 'content-type': 'application/cloudevents+xml' }, body: '<event/>' }],
    ['structured, empty', structured('')],
    ['structured, not JSON', structured('{')],
    ['structured, a list', structured([validEvent])],
    ['structured, null', structured('null')],
    ['structured, a number as id', structured({ ...validEvent, id: 1 })],
    ['structured, without type', structured({ ...validEvent, type: undefined })],
    ['structured, an object as extension', structured({ ...validEvent, extension: { a: 1 } })],
    [
      'structured, 200,000 levels deep',
      structured(
        `{"specversion":"1.0","id":"e1","source":"/x","type":"x","data":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      ),
    ],
    ['structured, data_base64 that is not a string', structured({ ...validEvent, data: undefined, data_base64: 7 })],
  ])('%s is refused with 400 and does not reach the rule', async (_, invalidRequest) => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    const answer = await function_.request(invalidRequest)
    expect(answer.status).toBe(400)
    expect(answer.body).not.toBe('')
    expect(events).toEqual([])
  })

  test('our checks of attributes accept and refuse the same events as the SDK', () => {
    const valid = { specversion: '1.0', id: 'e1', source: '/test', type: 'dev.vigia.x' }
    const candidates: Record<string, unknown>[] = [
      valid,
      { ...valid, id: '' },
      { ...valid, type: '' },
      { ...valid, source: '' },
      { ...valid, source: 'urn:a:b' },
      { ...valid, source: 'a b' },
      { ...valid, source: '/a?b#c' },
      { ...valid, source: 'https://example.org/a?b' },
      { ...valid, subject: 'show/82' },
      { ...valid, dataschema: 'https://vigia.dev/events/x/v1' },
      { ...valid, dataschema: 'relative' },
      { ...valid, time: '2026-11-21T12:00:00Z' },
      { ...valid, time: '2026-11-21' },
      { ...valid, 'not-a-name': 'x' },
      { ...valid, extension: true },
      { ...valid, extension: 5 },
    ]
    for (const attributes of candidates) {
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

  test('an event that the function does not handle, or whose data does not match its schema, is answered with 422 and the reason', async () => {
    await using function_ = await startFunction({ name: 'prober', events: [on(ProbeRequested, async () => {})] })
    expect(await function_.send({ type: 'dev.vigia.unknown' })).toMatchObject({
      status: 422,
      body: 'prober does not handle dev.vigia.unknown',
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
    expect(
      (await function_.request({ headers: binaryEventHeaders({ type: ProbeRequested.type }), body: '' })).status,
    ).toBe(422)
    expect(
      (await function_.request({ headers: binaryEventHeaders({ type: ProbeRequested.type }), body: 'null' })).status,
    ).toBe(422)
    expect(
      (
        await function_.request({
          headers: binaryEventHeaders({ type: ProbeRequested.type }, 'text/plain'),
          body: 'hello',
        })
      ).status,
    ).toBe(422)
    expect(
      (
        await function_.request({
          headers: binaryEventHeaders({ type: ProbeRequested.type }, 'image/png'),
          body: 'hello',
        })
      ).status,
    ).toBe(422)
    expect(await requested([check])).toMatchObject({ status: 204 })
  })

  test('other methods and other paths are refused without a redirect', async () => {
    await using function_ = await startFunction(recorder().definition)
    expect(await function_.request({ method: 'GET', headers: binaryEventHeaders(followed) })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    })
    expect(await function_.request({ method: 'GET', path: '/anything' })).toMatchObject({ status: 404 })
    expect(await function_.send(followed, follow, '/dead/some-trigger')).toMatchObject({ status: 422 })
  })
})

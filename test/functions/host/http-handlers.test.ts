import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { SeriesFollowed } from '#events/series-followed.ts'
import { RetryLater } from '#functions/host/errors.ts'
import { type FunctionDefinition, on } from '#functions/host/function-definition.ts'
import { binaryEventHeaders, gate, startFunction, startSink } from '#test/support/function-server.ts'
import { until } from '#test/support/until.ts'
import { follow, followed } from './support.ts'

describe('a function with an HTTP handler', () => {
  const echo: FunctionDefinition = {
    name: 'echo',
    events: [on(SeriesFollowed, async () => {})],
    admitEvent: headers => (headers['ce-signature'] === 'right' ? undefined : 401),
    http: {
      admit: ({ method, headers }) => (method !== 'POST' ? 405 : headers['x-secret'] === 'right' ? undefined : 401),
      handle: async ({ path, query, body, headers }) => {
        if (path === '/fails') throw new Error('the database at postgres://vigia:hunter2@db/vigia is unavailable')
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

  test('gets every path and body unchanged', async () => {
    await using function_ = await startFunction(echo)
    const bodies = ['{"half":', '', 'null', '7', 'ø'.repeat(1000)]
    for (const body of bodies)
      for (const path of ['/', '/a/b', '/%E0%A4%A', '/favicon.ico', '/dead/x', '//example.org/x'])
        expect(
          JSON.parse((await function_.request({ path: `${path}?page=2&next=a?b`, headers: right, body })).body),
        ).toEqual({
          path,
          page: '2',
          next: 'a?b',
          body,
          type: 'application/json',
        })
  })

  test('refuses a request before its body arrives', async () => {
    await using function_ = await startFunction(echo)
    for (const headers of [{ 'x-secret': 'wrong' }, { ...binaryEventHeaders(followed), 'ce-signature': 'wrong' }]) {
      const clientRequest = request({
        port: function_.port,
        host: '127.0.0.1',
        method: 'POST',
        headers: { ...headers, 'content-length': 1000 },
      })
      clientRequest.on('error', () => {})
      clientRequest.write('{')
      const [response] = await once(clientRequest, 'response')
      expect(response.statusCode).toBe(401)
      clientRequest.destroy()
    }
    expect(await function_.request({ method: 'PUT', headers: right, body: 'x' })).toMatchObject({ status: 405 })
    expect(function_.lines).toEqual([])
  })

  test('also handles events', async () => {
    await using function_ = await startFunction(echo)
    expect(await function_.send({ ...followed, signature: 'right' }, follow)).toMatchObject({ status: 204 })
  })

  test('answers an unexpected error with "internal error", and logs it without secrets', async () => {
    await using function_ = await startFunction(echo)
    expect(await function_.request({ path: '/fails', headers: right })).toMatchObject({
      status: 500,
      body: 'internal error',
    })
    expect(await function_.request({ path: '/later', headers: right })).toMatchObject({
      status: 503,
      body: 'soon',
      headers: { 'retry-after': '3' },
    })
    expect(function_.logged()[0]).toMatchObject({
      'log.level': 'error',
      'url.path': '/fails',
      'vigia.outcome': 'failed',
    })
    expect(function_.lines.join()).not.toContain('hunter2')
  })

  test('publishes its events before it responds', async () => {
    const go = gate()
    await using broker = await startSink(() => go.opened.then(() => 202))
    const webhook: FunctionDefinition = {
      name: 'webhook',
      http: {
        handle: async () => ({
          status: 200,
          body: 'done',
          events: [SeriesFollowed.from({ id: 'tg/1', vigiahops: -1 }, { subject: 'show/82', data: follow })],
        }),
      },
    }
    await using function_ = await startFunction(webhook, { sink: broker.url })
    let answered = false
    const pending = function_.request({}).then(answer => {
      answered = true
      return answer
    })
    await until(() => broker.received.length === 1)
    expect(answered).toBe(false)
    go.open()
    expect(await pending).toMatchObject({ status: 200, body: 'done' })
    expect(broker.received[0]!.headers).toMatchObject({
      'ce-id': 'tg/1/series.followed',
      'ce-causationid': 'tg/1',
      'ce-vigiahops': '0',
    })
    expect(broker.received[0]!.headers.traceparent).toMatch(/^00-/)
  })
})

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { selectEvents } from '#local/broker/reads/event-query.ts'
import { localPages } from '#local/http/local-pages.ts'

const received: unknown[] = []

let server: Server
let url: string

beforeAll(async () => {
  const pages = localPages({
    activator: { has: () => false, report: () => [], stop: async () => {} },
    sources: { has: () => false, report: () => [], fire: async () => '' },
    status: {
      waitingFor: async () => [],
      metrics: async () => ({ type: 'text/plain', text: 'up 1\n' }),
      addresses: () => ['127.0.0.1:41234'],
    },
    events: {
      events: async query => {
        selectEvents(query)
        received.push(query)
        return []
      },
      event: async () => null,
    },
    deadLetters: {
      newest: async limit => {
        received.push(limit)
        return []
      },
      find: async () => null,
      replay: async () => 'unknown',
    },
    home: () => ({ port: 0, isSimulated: false, dataDir: '', waitingFor: [], functions: [], sources: [] }),
    failed: error => {
      throw error
    },
  })
  server = createServer(pages)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  received.length = 0
})
afterAll(() => server.close())

const get = async (path: string, method = 'GET') => {
  const response = await fetch(url + path, { method, headers: { 'vigia-local': '1' } })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') && text !== ''
  return {
    status: response.status,
    allow: response.headers.get('allow'),
    body: (isJson ? JSON.parse(text) : text) as { error: string },
  }
}

const routes: [path: string, method: string][] = [
  ['/readyz', 'GET'],
  ['/metrics', 'GET'],
  ['/metrics/targets', 'GET'],
  ['/api/functions', 'GET'],
  ['/api/functions/x/stop', 'POST'],
  ['/api/events', 'GET'],
  ['/api/events/1', 'GET'],
  ['/api/dead-letters', 'GET'],
  ['/api/dead-letters/1', 'GET'],
  ['/api/dead-letters/1/replay', 'POST'],
  ['/api/sources', 'GET'],
  ['/api/sources/x/fire', 'POST'],
]

describe('parameters', () => {
  test.each(routes)('%s refuses an unknown parameter and names the allowed ones', async (path, method) => {
    const { status, body } = await get(`${path}?state=dead`, method)
    expect(status).toBe(400)
    expect(body.error).toMatch(/^state is not a parameter here; (allowed: [a-z, ]+|this path takes no parameters)$/)
    expect((await get(`${path}?${path === '/api/events' ? 'limit=1&' : ''}State`, method)).status).toBe(400)
  })

  test('the refusal names the filters of /api/events and the limit of /api/dead-letters', async () => {
    expect((await get('/api/events?state=dead')).body.error).toContain('type, source, subject, since, limit')
    expect((await get('/api/dead-letters?type=x')).body.error).toContain('allowed: limit')
  })

  test.each([
    ['a parameter that is given twice', 'type=a&type=b'],
    ['a parameter that is given twice with the same value', 'limit=5&limit=5'],
    ['a parameter without a value', 'type='],
    ['a parameter without an equals sign', 'type'],
    ['a parameter with a capital letter', 'Type=a'],
    ['a parameter without a name', '=a'],
    ['a parameter with brackets', 'type[]=a'],
    ['an invalid percent-encoding', 'type=%zz'],
    ['an incomplete percent-encoding', 'type=%'],
    ['percent-encoded bytes that are not UTF-8', 'type=%ff'],
    ['a NUL character', 'subject=a%00b'],
    ['a valid parameter and an unknown one', 'type=a&__proto__=1'],
    ['since with a word', 'since=yesterday'],
    ['since with a day that does not exist', 'since=2026-02-30'],
    ['since with a + that was not encoded', 'since=2026-11-21T12:00:00+00:00'],
    ['limit 0', 'limit=0'],
    ['limit above 1000', 'limit=1001'],
    ['limit in hexadecimal', 'limit=0x10'],
    ['limit with a blank', 'limit=%205'],
  ])('%s is 400', async (_, query) => {
    const { status, body } = await get(`/api/events?${query}`)
    expect(status).toBe(400)
    expect(body.error).not.toBe('')
    expect(received).toEqual([])
  })

  test.each([
    ['/api/dead-letters?limit=0'],
    ['/api/dead-letters?limit=many'],
    ['/api/dead-letters?limit=5&limit=6'],
    ['/api/dead-letters?limit='],
  ])('%s is 400', async path => {
    expect((await get(path)).status).toBe(400)
    expect(received).toEqual([])
  })

  test('valid parameters reach the broker and the dead letters unchanged', async () => {
    const since = '2026-11-21T12:00:00-03:00'
    await get(`/api/events?type=a&source=%2Ffunctions%2Fx&subject=s%C3%A9rie/82&since=${since}&limit=1000`)
    await get('/api/events?')
    await get('/api/dead-letters')
    await get('/api/dead-letters?limit=5')
    expect(received).toEqual([
      { type: 'a', source: '/functions/x', subject: 'série/82', since, limit: '1000' },
      {},
      200,
      5,
    ])
  })
})

describe('paths and methods', () => {
  test.each(routes)('%s answers other methods with 405 and an Allow header', async (path, method) => {
    for (const wrong of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', method === 'GET' ? 'POST' : 'GET']) {
      const { status, allow } = await get(path, wrong)
      expect([wrong, status, allow]).toEqual([wrong, 405, method === 'GET' ? 'GET, HEAD' : 'POST'])
    }
  })

  test.each([
    '/api',
    '/api/',
    '/api/events/',
    '/api/events/x',
    '/api/events/1/2',
    '/api/Events',
    '/api/dead-letters/x',
    '/api//events',
  ])('%s is 404', async path => {
    expect((await get(path)).status).toBe(404)
    expect((await get(path, 'POST')).status).toBe(404)
  })

  test('/metrics/targets has the addresses of the functions in the format of http_sd_configs', async () => {
    expect(await get('/metrics/targets')).toMatchObject({ status: 200, body: [{ targets: ['127.0.0.1:41234'] }] })
  })

  test('HEAD gets the same status as GET, without the body', async () => {
    expect(await get('/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' })
    expect(await get('/api/functions', 'HEAD')).toMatchObject({ status: 200 })
  })
})

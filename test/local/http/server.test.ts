import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listen, type Server } from '#local/http/server.ts'
import { startPage } from '#local/http/starting/page.ts'
import { createStartProgress } from '#local/http/starting/progress.ts'
import { sendBytes } from '#test/functions/dial/support/raw.ts'
import { sendRequest } from '#test/support/http.ts'

let server: Server
const reached: string[] = []
/** A handler that records `who` and answers 204. */
const handlerOf =
  (who: string) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    reached.push(who)
    response.writeHead(204).end()
  }

beforeAll(async () => {
  server = await listen(0, startPage(createStartProgress()).handle)
})
afterAll(() => server.close())

const request = async (host: string, path: string, headers: Record<string, string> = {}) => {
  reached.length = 0
  const { status } = await sendRequest(server.port, { path, headers: { host, ...headers } })
  return { status, reached: [...reached] }
}

test('until the runtime is ready, every request gets 503 and Retry-After', async () => {
  const { status, headers } = await sendRequest(server.port, { method: 'GET', headers: { host: 'localhost' } })
  expect(status).toBe(503)
  expect(headers['retry-after']).toBe('1')
})

describe('once the runtime is ready', () => {
  beforeAll(() => {
    server.serve({
      hosts: { functions: new Set(['telegram-webhook', 'error-notifier']), simulated: false },
      broker: handlerOf('broker'),
      brokerPath: '/vigia/default',
      function: (name, incoming, response) => handlerOf(name)(incoming, response),
      localPages: handlerOf('runtime'),
      failed: () => {},
      misdirected: () => void reached.push('misdirected'),
    })
  })

  const paths = [
    '/',
    '/api/functions',
    '/api/dead-letters/1/replay',
    '/metrics',
    '/vigia/default',
    '/chat',
    '/dead/x',
    '/alerts',
  ]
  const refused = { status: 403, reached: [] }
  test.each(paths)('%s is refused to a proxy that sends to this port, with any Host header', async path => {
    expect(await request('vigia.example.org', path)).toEqual(refused)
    expect(await request('VIGIA.example.org:443', path, { 'vigia-local': '1' })).toEqual(refused)
    for (const host of ['localhost', 'error-notifier.localhost', 'broker-ingress.localhost']) {
      expect(await request(host, path, { 'x-forwarded-for': '203.0.113.7' })).toEqual(refused)
      expect(await request(host, path, { 'x-forwarded-proto': 'https' })).toEqual(refused)
      expect(await request(host, path, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toEqual(
        refused,
      )
    }
  })

  test.each([
    ["nginx's proxy_pass with its defaults", 'POST /api HTTP/1.0\r\nHost: localhost\r\nConnection: close'],
    ['HTTP/1.0 without a Host', 'GET /api HTTP/1.0\r\nConnection: close'],
    ['two Host headers, ours first', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close'],
    ['two Host headers, ours last', 'GET / HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\nConnection: close'],
    ['the Host 0.0.0.0', 'GET / HTTP/1.1\r\nHost: 0.0.0.0:8080\r\nConnection: close'],
    ['an IPv4-mapped loopback address', 'GET / HTTP/1.1\r\nHost: [::ffff:7f00:1]\r\nConnection: close'],
  ])('%s is refused', async (_, head) => {
    reached.length = 0
    expect(await sendBytes(server.port, `${head}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403/)
    expect(reached).toEqual([])
  })

  test('an update from Telegram that a proxy sends here is refused, and the handler for misdirected updates is called', async () => {
    const { status } = await request('vigia.example.org', '/', { 'x-telegram-bot-api-secret-token': 'a' })
    expect([status, reached]).toEqual([403, ['misdirected']])
  })

  test('an absolute target, CONNECT and OPTIONS * reach no handler', async () => {
    reached.length = 0
    const close = 'Host: localhost\r\nConnection: close\r\n\r\n'
    for (const line of ['GET http://localhost/api HTTP/1.1', 'OPTIONS * HTTP/1.1'])
      expect(await sendBytes(server.port, `${line}\r\n${close}`)).toMatch(/^HTTP\/1\.1 400/)
    expect(await sendBytes(server.port, `CONNECT localhost:80 HTTP/1.1\r\n${close}`)).toBe('')
    expect(reached).toEqual([])
  })

  test('each host name of this machine reaches its own handler', async () => {
    expect((await request('error-notifier.localhost', '/')).reached).toEqual(['error-notifier'])
    expect((await request('broker-ingress.localhost', '/vigia/default')).reached).toEqual(['broker'])
    expect((await request('localhost', '/vigia/default')).reached).toEqual(['broker'])
    expect((await request('localhost', '/api/functions')).reached).toEqual(['runtime'])
    expect((await request('localhost', '/alerts')).reached).toEqual(['error-notifier'])
    expect(await request('stranger.example.org', '/api/functions')).toEqual({ status: 403, reached: [] })
  })

  test('while the runtime stops, only the broker still accepts requests, because functions publish their last events', async () => {
    server.refuseNew()
    expect(await request('error-notifier.localhost', '/')).toEqual({ status: 503, reached: [] })
    expect((await request('broker-ingress.localhost', '/vigia/default')).reached).toEqual(['broker'])
  })
})

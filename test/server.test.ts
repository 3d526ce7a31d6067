import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listen, type Server } from '#local/server.ts'
import { ask } from './support/served.ts'

let server: Server
const reached: string[] = []
const taking =
  (who: string) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    reached.push(who)
    response.writeHead(204).end()
  }

beforeAll(async () => {
  server = await listen(0)
})
afterAll(() => server.close())

const request = async (host: string, path: string, headers: Record<string, string> = {}) => {
  reached.length = 0
  const { status } = await ask(server.port, { path, headers: { host, ...headers } })
  return { status, reached: [...reached] }
}

test('before everything is up every request is asked to come again', async () => {
  const { status, headers } = await ask(server.port, { method: 'GET', headers: { host: 'localhost' } })
  expect(status).toBe(503)
  expect(headers['retry-after']).toBe('1')
})

describe('once it is up', () => {
  beforeAll(() => {
    server.serve({
      hosts: {
        functions: new Set(['telegram-webhook', 'error-notifier']),
        publicHost: 'vigia.example.org',
        simulated: false,
      },
      broker: taking('broker'),
      brokerPath: '/vigia/default',
      function: (name, incoming, response) => taking(name)(incoming, response),
      publicFunction: 'telegram-webhook',
      runtime: taking('runtime'),
      failed: () => {},
    })
  })

  const paths = ['/', '/api/functions', '/api/dead-letters/1/replay', '/metrics', '/vigia/default', '/chat', '/dead/x']
  test.each(paths)('%s under the host of PUBLIC_URL reaches telegram-webhook and nothing else', async path => {
    const webhook = { status: 204, reached: ['telegram-webhook'] }
    expect(await request('vigia.example.org', path)).toEqual(webhook)
    expect(await request('VIGIA.example.org:443', path, { 'vigia-local': '1' })).toEqual(webhook)
    // A proxy that does not hand the host on, or one that somebody has told another.
    for (const host of ['localhost', 'error-notifier.localhost', 'broker-ingress.localhost'])
      expect(await request(host, path, { 'x-forwarded-for': '203.0.113.7' })).toEqual(webhook)
  })

  test('on this machine each name reaches its own', async () => {
    expect((await request('error-notifier.localhost', '/')).reached).toEqual(['error-notifier'])
    expect((await request('broker-ingress.localhost', '/vigia/default')).reached).toEqual(['broker'])
    expect((await request('localhost', '/vigia/default')).reached).toEqual(['broker'])
    expect((await request('localhost', '/api/functions')).reached).toEqual(['runtime'])
    expect(await request('stranger.example.org', '/api/functions')).toEqual({ status: 403, reached: [] })
  })

  test('while it stops the broker alone still takes what functions have to say', async () => {
    server.refuseNew()
    expect(await request('error-notifier.localhost', '/')).toEqual({ status: 503, reached: [] })
    expect((await request('broker-ingress.localhost', '/vigia/default')).reached).toEqual(['broker'])
  })
})

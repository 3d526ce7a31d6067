import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { listenPublic, startPublicListener } from '#local/http/public-listener.ts'
import { sendBytes, statusOf } from '#test/functions/dial/support/raw.ts'
import {
  functions,
  listener,
  listeners,
  post,
  proxies,
  reached,
  secret,
  secretHeader,
  sendThroughProxy,
  serving,
  startListener,
  update,
  withSecret,
} from '#test/local/http/support/public-listener.ts'
import { sendRequest } from '#test/support/http.ts'

describe.each(proxies)('behind %s', (_, head) => {
  test('an update with the secret reaches the webhook function', async () => {
    const headers = ['Content-Type: application/json', `${secretHeader}: ${secret}`]
    expect(await sendThroughProxy(head, 'POST /telegram', headers, update)).toBe(200)
    expect(reached).toEqual([`telegram-webhook POST /telegram ${update}`])
  })

  test.each([
    ...['/', '/api', '/api/functions', '/api/dead-letters/1/replay', '/readyz', '/healthz', '/metrics', '/version'],
    ...['/vigia/default', '/chat', '/home.css', '/dead/telegram-webhook-update-deferred', '/telegramx', '/Telegram'],
    ...[
      '/%61pi',
      '/telegram/../api',
      '/telegram/..%2fapi',
      '/telegram/%2e%2e/api',
      '/telegram/./x',
      '//api',
      '//telegram',
    ],
    ...['/telegram//x', '/telegram/%zz', '/telegram\\..\\api', '/%74elegram', '/telegram/%00', '*'],
    ...['http://localhost/api', 'http://telegram-webhook.localhost/telegram', 'http://localhost:8080/telegram'],
  ])('%s gets 404 and reaches no function', async path => {
    for (const method of ['GET', 'POST'])
      expect(await sendThroughProxy(head, `${method} ${path}`, ['Vigia-Local: 1'])).toBe(404)
    expect(reached).toEqual([])
  })
})

describe('the public port', () => {
  test.each([
    'localhost',
    '127.0.0.1',
    'broker-ingress.localhost',
    'error-notifier.localhost',
    'sites.localhost',
    '[::1]',
  ])('gives the same responses for every Host header: %s', async host => {
    for (const path of ['/', '/api/functions', '/vigia/default', '/healthz'])
      expect((await sendRequest(listener.port, { path, headers: { host, 'vigia-local': '1' } })).status).toBe(404)
    expect((await post('/telegram', { headers: { ...withSecret, host } })).status).toBe(200)
  })

  test('sends a request to the function with the longest matching path', async () => {
    for (const path of [
      '/status',
      '/status/',
      '/status/acme?x=1',
      '/status/badge',
      '/status/badge/a%C3%A7%C3%A3o.svg',
      '/status/badger',
    ])
      expect((await sendRequest(listener.port, { method: 'GET', path })).status).toBe(200)
    expect(reached.map(one => one.replace(' GET', ''))).toEqual([
      'status-page /status',
      'status-page /status/',
      'status-page /status/acme?x=1',
      'badge /status/badge',
      'badge /status/badge/a%C3%A7%C3%A3o.svg',
      'status-page /status/badger',
    ])
  })

  test('refuses events, because functions get them through the broker only', async () => {
    const event = { 'ce-id': '1', 'ce-type': 'dev.vigia.tick', 'ce-source': '/x', 'ce-specversion': '1.0' }
    expect((await post('/status', { headers: event })).status).toBe(404)
    expect((await post('/status', { headers: { 'content-type': 'application/cloudevents+json' } })).status).toBe(404)
    expect((await post('/telegram', { headers: { ...withSecret, ...event } })).status).toBe(404)
    expect(reached).toEqual([])
  })

  test('answers CONNECT and TRACE with 404, and ignores an upgrade', async () => {
    const close = 'Host: x\r\nConnection: close\r\n\r\n'
    expect(statusOf(await sendBytes(listener.port, `CONNECT 127.0.0.1:80 HTTP/1.1\r\n${close}`))).toBe(404)
    expect(statusOf(await sendBytes(listener.port, `TRACE /status HTTP/1.1\r\n${close}`))).toBe(404)
    const reset = connect(listener.port, '127.0.0.1', () => {
      reset.write(`CONNECT x:80 HTTP/1.1\r\n${close}`)
      reset.resetAndDestroy()
    })
    await new Promise(resolve => reset.once('close', resolve))
    const upgrade = 'Host: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n'
    expect(statusOf(await sendBytes(listener.port, `GET /api/functions HTTP/1.1\r\n${upgrade}`))).toBe(404)
    expect(statusOf(await sendBytes(listener.port, `GET /status HTTP/1.1\r\n${upgrade}`))).toBe(200)
  })

  test.each([
    ['two Content-Length headers', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
    ['Content-Length and Transfer-Encoding', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a path without a slash', 'Content-Length: 0\r\n\r\n', 'status'],
    ['a header folded over two lines', 'X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
  ])('%s gets 400', async (_, rest, path = '/status') => {
    expect(statusOf(await sendBytes(listener.port, `POST ${path} HTTP/1.1\r\nHost: x\r\n${rest}`))).toBe(400)
    expect(reached).toEqual([])
  })

  test('answers 503 for public paths while the runtime starts and stops, and 404 for all others', async () => {
    const early = await listenPublic({ port: 0, functions })
    listeners.push(early)
    const statuses = async () => [
      (await sendRequest(early.port, { path: '/telegram', headers: withSecret })).status,
      (await sendRequest(early.port, { path: '/api' })).status,
    ]
    expect(await statuses()).toEqual([503, 404])
    early.serve(serving)
    expect(await statuses()).toEqual([200, 404])
    early.refuseNew()
    expect(await statuses()).toEqual([503, 404])
  })
})

describe('PUBLIC_PORT', () => {
  test('is a free port if the default is taken and neither PUBLIC_PORT nor PUBLIC_URL is set', async () => {
    const taken = listener.port
    const warned: string[] = []
    const listenOn = async (settings: { publicPort?: number; publicUrl?: URL }) => {
      const environment = { port: 8080, publicPort: undefined, publicUrl: undefined, ...settings }
      const one = await startPublicListener(environment, { functions }, words => warned.push(words), taken)
      listeners.push(one)
      return one
    }
    const { port } = await listenOn({})
    expect(warned).toEqual([`port ${taken} is taken; PUBLIC_PORT is ${port} until the next start`])
    const publicUrl = new URL('https://vigia.example.org/')
    await expect(listenOn({ publicUrl })).rejects.toThrow(`PUBLIC_PORT=${taken + 10} npm start`)
    await expect(listenOn({ publicPort: taken })).rejects.toThrow(`port ${taken} is taken`)
    expect((await listenOn({ publicUrl, publicPort: 0 })).port).toBeGreaterThan(0)
  })

  test('is open on the loopback interface only', async () => {
    const outer = Object.values(networkInterfaces())
      .flat()
      .filter(one => one && !one.internal && one.family === 'IPv4')
    for (const { address } of outer as { address: string }[])
      await expect(fetch(`http://${address}:${listener.port}/status`)).rejects.toThrow('fetch failed')
  })
})

describe('PUBLIC_URL itself, the webhook address of earlier versions', () => {
  test.each([
    [undefined, ['/']],
    ['/', ['/']],
    ['/hook', ['/hook', '/hook/']],
  ])('with the path %s still accepts updates with the secret, and nothing else', async (basePath, paths) => {
    const { port } = await startListener(basePath)
    for (const path of paths) {
      expect((await sendRequest(port, { path, headers: withSecret })).status).toBe(200)
      expect((await sendRequest(port, { path, headers: { [secretHeader]: 'forged' } })).status).toBe(404)
      expect((await sendRequest(port, { path, method: 'GET', headers: withSecret })).status).toBe(404)
    }
    expect(new Set(reached)).toEqual(new Set(['telegram-webhook POST /telegram']))
  })

  test('a proxy may forward the path of PUBLIC_URL or remove it', async () => {
    const { port } = await startListener('/vigia/')
    for (const path of ['/vigia/telegram', '/telegram', '/vigia/status/badge/1'])
      expect((await sendRequest(port, { path, headers: withSecret })).status).toBe(200)
    for (const path of ['/vigia/api', '/vigiatelegram', '/vigia/vigia/telegram'])
      expect((await sendRequest(port, { path, headers: withSecret })).status).toBe(404)
    expect(reached).toEqual([
      'telegram-webhook POST /telegram',
      'telegram-webhook POST /telegram',
      'badge POST /status/badge/1',
    ])
  })
})

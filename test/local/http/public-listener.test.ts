import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  listenPublic,
  type PublicLimits,
  type PublicListener,
  startPublicListener,
} from '#local/http/public-listener.ts'
import type { FunctionManifest } from '#local/manifests/manifests.ts'
import { insisting, sendBytes, statusOf, times } from '#test/functions/dial/support/raw.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

const secret = 'the-right-secret'
const secretHeader = 'X-Telegram-Bot-Api-Secret-Token'
const manifest = (name: string, path: string | null, isSecret = false): FunctionManifest => ({
  file: `knative/services/${name}.yaml`,
  line: 1,
  name,
  target: name,
  visibility: path === null ? 'cluster-local' : 'public',
  public: path === null ? null : { path, secret: isSecret ? { header: secretHeader.toLowerCase(), entry } : null },
  env: [],
  sink: null,
  ceOverrides: '',
  containerConcurrency: 10,
  softConcurrency: 100,
  minScale: 0,
  maxScale: 0,
  activationScale: 1,
  idleMs: 60_000,
  timeoutMs: 10_000,
  startTimeoutMs: 20_000,
  readinessPath: '/healthz',
})
const entry = {
  file: 'knative/services/telegram-webhook.yaml',
  line: 9,
  name: 'SECRET',
  key: 'SECRET',
  optional: false,
}
const functions = [
  manifest('telegram-webhook', '/telegram', true),
  manifest('status-page', '/status'),
  manifest('badge', '/status/badge'),
  manifest('error-notifier', null),
]

/** What reached a function: `telegram-webhook POST /telegram {"update_id":1}`. */
const reached: string[] = []
const serving = {
  variableOf: () => secret as string | undefined,
  proxy: async (
    name: string,
    { method }: IncomingMessage,
    response: ServerResponse,
    { path, body }: { path: string; body: Buffer },
  ) => {
    reached.push(`${name} ${method} ${path} ${body.length > 100 ? body.length : body}`.trim())
    response.writeHead(200, { 'content-length': 0 }).end()
  },
  failed: () => {},
}
const listeners: PublicListener[] = []
const started = async (basePath?: string, limits?: Partial<PublicLimits>) => {
  const listener = await listenPublic({
    port: 0,
    functions,
    basePath,
    baseFunction: 'telegram-webhook',
    limits: limits ?? {},
  })
  listeners.push(listener)
  listener.serve(serving)
  return listener
}
let listener: PublicListener
beforeAll(async () => {
  listener = await started()
})
beforeEach(() => {
  reached.length = 0
})
afterAll(() => Promise.all(listeners.map(one => one.close())))

const withSecret = { [secretHeader]: secret }
const post = (path: string, { headers = withSecret as Record<string, string>, body = 'x' as string | Buffer } = {}) =>
  sendRequest(listener.port, { path, headers, body })

const update = '{"update_id":1}'
/** What each sends us, byte for byte, for a request of Telegram; {more} are headers of the client that it hands on. */
const proxies: [string, string[]][] = [
  // Debian's nginx 1.22 with nothing but proxy_pass http://localhost:8081.
  [
    'nginx',
    [
      '{line} HTTP/1.0',
      'Host: localhost:8081',
      'Connection: close',
      '{length}',
      'Accept-Encoding: gzip, deflate',
      '{more}',
    ],
  ],
  ['nginx by the name of an upstream', ['{line} HTTP/1.0', 'Host: vigia', 'Connection: close', '{length}', '{more}']],
  // Debian's Caddy 2.6 with nothing but reverse_proxy 127.0.0.1:8081.
  [
    'Caddy',
    [
      '{line} HTTP/1.1',
      'Host: vigia.example.org',
      '{length}',
      'Accept-Encoding: gzip, deflate',
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Host: vigia.example.org',
      'X-Forwarded-Proto: https',
      '{more}',
    ],
  ],
  [
    'cloudflared',
    [
      '{line} HTTP/1.1',
      'Host: vigia.example.org',
      '{length}',
      'Accept-Encoding: gzip, br',
      'Cdn-Loop: cloudflare; loops=1',
      'Cf-Connecting-Ip: 203.0.113.7',
      'Cf-Ipcountry: BR',
      'Cf-Ray: 8f0c6c0b1a2b3c4d-GRU',
      'Cf-Visitor: {"scheme":"https"}',
      'Cf-Warp-Tag-Id: 6c0b1a2b-3c4d-4e5f-8f0c-6c0b1a2b3c4d',
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Proto: https',
      '{more}',
    ],
  ],
]
const through = (head: string[], line: string, more: string[], body = '') => {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const lines = head.flatMap(one =>
    one === '{length}' ? length : one === '{more}' ? more : [one.replace('{line}', line)],
  )
  return insisting(listener.port, `${lines.join('\r\n')}\r\n\r\n${body}`, () => undefined)
}

describe.each(proxies)('behind %s', (_, head) => {
  test('an update with the secret reaches the webhook function', async () => {
    const headers = ['Content-Type: application/json', `${secretHeader}: ${secret}`]
    expect(await through(head, 'POST /telegram', headers, update)).toBe(200)
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
  ])('%s is 404 and reaches nothing', async path => {
    for (const method of ['GET', 'POST']) expect(await through(head, `${method} ${path}`, ['Vigia-Local: 1'])).toBe(404)
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
  ])('knows no host: %s', async host => {
    for (const path of ['/', '/api/functions', '/vigia/default', '/healthz'])
      expect((await sendRequest(listener.port, { path, headers: { host, 'vigia-local': '1' } })).status).toBe(404)
    expect((await post('/telegram', { headers: { ...withSecret, host } })).status).toBe(200)
  })

  test('sends a path to the function whose own is the longest', async () => {
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

  test('takes no events: they come through the broker', async () => {
    const event = { 'ce-id': '1', 'ce-type': 'dev.vigia.tick', 'ce-source': '/x', 'ce-specversion': '1.0' }
    expect((await post('/status', { headers: event })).status).toBe(404)
    expect((await post('/status', { headers: { 'content-type': 'application/cloudevents+json' } })).status).toBe(404)
    expect((await post('/telegram', { headers: { ...withSecret, ...event } })).status).toBe(404)
    expect(reached).toEqual([])
  })

  test('answers CONNECT and TRACE with 404, and an upgrade as if it had not been asked for', async () => {
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
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
    ['a length and chunks', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a path without its slash', 'Content-Length: 0\r\n\r\n', 'status'],
    ['a header folded over two lines', 'X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
  ])('%s: 400', async (_, rest, path = '/status') => {
    expect(statusOf(await sendBytes(listener.port, `POST ${path} HTTP/1.1\r\nHost: x\r\n${rest}`))).toBe(400)
    expect(reached).toEqual([])
  })

  test('says 503 for its own paths while the runtime starts and stops, and 404 for all others', async () => {
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

describe('the port', () => {
  test('that was not chosen and is taken is replaced by a free one, unless a proxy has to know it', async () => {
    const taken = listener.port
    const warned: string[] = []
    const listenOn = async (settings: { publicPort?: number; publicUrl?: URL }) => {
      const given = { port: 8080, publicPort: undefined, publicUrl: undefined, ...settings }
      const one = await startPublicListener(given, { functions }, words => warned.push(words), taken)
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

  test('listens on the loopback only', async () => {
    const outer = Object.values(networkInterfaces())
      .flat()
      .filter(one => one && !one.internal && one.family === 'IPv4')
    for (const { address } of outer as { address: string }[])
      await expect(fetch(`http://${address}:${listener.port}/status`)).rejects.toThrow('fetch failed')
  })
})

describe('the address of before, PUBLIC_URL itself', () => {
  test.each([
    [undefined, ['/']],
    ['/', ['/']],
    ['/hook', ['/hook', '/hook/']],
  ])('with the path %s still takes updates that have the secret, and nothing else', async (basePath, paths) => {
    const { port } = await started(basePath)
    for (const path of paths) {
      expect((await sendRequest(port, { path, headers: withSecret })).status).toBe(200)
      expect((await sendRequest(port, { path, headers: { [secretHeader]: 'forged' } })).status).toBe(404)
      expect((await sendRequest(port, { path, method: 'GET', headers: withSecret })).status).toBe(404)
    }
    expect(new Set(reached)).toEqual(new Set(['telegram-webhook POST /telegram']))
  })

  test('a proxy may send its path along or take it off', async () => {
    const { port } = await started('/vigia/')
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

describe('a request without the secret', () => {
  test.each([
    ['none', {}],
    ['another', { [secretHeader]: 'forged' }],
    ['an empty one', { [secretHeader]: '' }],
    ['a longer one', { [secretHeader]: `${secret}x` }],
    ['one of 10 kB', { [secretHeader]: 'x'.repeat(10_000) }],
    ['the right one in another header', { authorization: secret }],
  ])('%s is answered 401', async (_, headers) => {
    for (const path of ['/telegram', '/telegram/', '/telegram/more?x=1'])
      expect((await post(path, { headers: headers as Record<string, string>, body: 'x'.repeat(2_000) })).status).toBe(
        401,
      )
    expect(reached).toEqual([])
  })

  test('is answered before its body arrives; a sender that goes on writing is cut off', async () => {
    const head = 'POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n'
    expect(await insisting(listener.port, head, () => undefined)).toBe(401)
    const endless = connect(listener.port, '127.0.0.1')
    const closed = new Promise(resolve => endless.once('close', resolve))
    const write = () => void endless.write(Buffer.alloc(65_536), error => error || write())
    endless.on('error', () => {}).write(head, write)
    await closed
  })

  test('keeps its connection when its body is small, and is told that it cannot when the rest is not read', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const forged = async (bytes: number) => {
      const { status, headers } = await sendRequest(listener.port, {
        path: '/telegram',
        body: Buffer.alloc(bytes),
        agent,
      })
      return [status, headers.connection]
    }
    for (const bytes of [900_000, 1, 900_000, 60_000, 1])
      expect(await forged(bytes)).toEqual([401, bytes > 65_536 ? 'close' : 'keep-alive'])
    agent.destroy()
  })

  test('is answered so even when the runtime has no value for the secret', async () => {
    const own = await started()
    own.serve({ ...serving, variableOf: () => undefined })
    for (const value of ['', 'undefined', secret])
      expect((await sendRequest(own.port, { path: '/telegram', headers: { [secretHeader]: value } })).status).toBe(401)
  })

  test('twice, the secret is none', async () => {
    const head = `POST /telegram HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n`
    const twice = `${secretHeader}: ${secret}\r\n${secretHeader}: ${secret}\r\n\r\n`
    expect(statusOf(await sendBytes(listener.port, head + twice))).toBe(401)
  })
})

describe('a body', () => {
  const secretLine = `${secretHeader}: ${secret}\r\n`
  test('of 1 MiB is taken, of a byte more refused with 413', async () => {
    expect((await post('/telegram', { body: Buffer.alloc(1024 * 1024) })).status).toBe(200)
    expect((await post('/telegram', { body: Buffer.alloc(1024 * 1024 + 1) })).status).toBe(413)
    expect(reached).toEqual([`telegram-webhook POST /telegram ${1024 * 1024}`])
  })

  test.each([3, 12])('of %i MiB gets 413 while its sender is still writing, with and without a length', async mib => {
    const piece = 'x'.repeat(65_536)
    const head = `POST /telegram HTTP/1.1\r\nHost: x\r\n${secretLine}`
    const known = `${head}Content-Length: ${mib * 1024 * 1024}\r\n\r\n`
    expect(await insisting(listener.port, known, times(mib * 16, piece))).toBe(413)
    const unknown = `${head}Transfer-Encoding: chunked\r\n\r\n`
    expect(await insisting(listener.port, unknown, times(mib * 16, `10000\r\n${piece}\r\n`))).toBe(413)
    expect(reached).toEqual([])
  })

  test('is asked for with 100 Continue when the request is let in, and only then', async () => {
    const head = (headers: string, bytes: number) =>
      `POST /telegram HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n${headers}Content-Length: ${bytes}\r\n\r\n`
    const first = (bytes: string) => insisting(listener.port, bytes, () => undefined)
    expect(await first(head('', 5))).toBe(401)
    expect(await first(head(secretLine, 3 * 1024 * 1024))).toBe(413)
    expect(await first(head(secretLine, 5).replace('/telegram', '/api'))).toBe(404)
    expect(await first(head(secretLine, 5))).toBe(100)
  })

  test('that does not come to its end reaches no function', async () => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.write(`POST /telegram HTTP/1.1\r\nHost: x\r\n${secretLine}Content-Length: 100\r\n\r\nhalf of it`)
    await new Promise(resolve => socket.once('connect', resolve))
    expect((await post('/telegram')).status).toBe(200)
    socket.destroy()
    expect((await post('/telegram')).status).toBe(200)
    expect(reached).toEqual(['telegram-webhook POST /telegram x', 'telegram-webhook POST /telegram x'])
  })

  test('that does not arrive in time gets 408', async () => {
    const { port } = await started('/', { headersMs: 20, requestMs: 50 })
    const slow = `POST /telegram HTTP/1.1\r\nHost: x\r\n${secretLine}Content-Length: 100\r\n\r\nhalf of it`
    expect(statusOf(await sendBytes(port, slow))).toBe(408)
    expect(statusOf(await sendBytes(port, 'POST /telegram HTTP/1.1\r\nHost: x\r\nX-Never'))).toBe(408)
    expect(reached).toEqual([])
  })

  test('finds no room when too many are kept already, and room again after them', async () => {
    const { port } = await started('/', { bodyBytes: 1000 })
    const half = connect(port, '127.0.0.1')
    half.write(`POST /telegram HTTP/1.1\r\nHost: x\r\n${secretLine}Content-Length: 2000\r\n\r\n${'x'.repeat(1500)}`)
    const status = async (path: string) => (await sendRequest(port, { path, headers: withSecret, body: 'x' })).status
    await until(async () => (await status('/telegram')) === 503)
    // Each function has its own.
    expect(await status('/status')).toBe(200)
    half.destroy()
    await until(async () => (await status('/telegram')) === 200)
  })
})

describe('limits', () => {
  test('of many forged requests the first are refused at once, the others after a pause that no honest one has', async () => {
    // Long enough that only somebody who leaves ends it.
    const { port } = await started('/', { promptRefusals: 0, refusalPauseMs: 3_600_000 })
    const forged = Array.from({ length: 64 }, () => {
      const socket = connect(port, '127.0.0.1')
      socket.write('POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
      return { socket, answers: vi.fn() }
    })
    for (const { socket, answers } of forged) socket.on('data', answers)
    for (let n = 0; n < 5; n++)
      expect((await sendRequest(port, { path: '/telegram', headers: withSecret })).status).toBe(200)
    expect(forged.every(({ answers }) => answers.mock.calls.length === 0)).toBe(true)
    for (const { socket } of forged) socket.destroy()

    const other = await started('/', { promptRefusals: 1, refusalPauseMs: 1 })
    const statuses = Array.from(
      { length: 64 },
      async () => (await sendRequest(other.port, { path: '/telegram' })).status,
    )
    expect(new Set(await Promise.all(statuses))).toEqual(new Set([401]))
  })

  test('a connection that sends on without waiting for answers is closed', async () => {
    const { port } = await started('/', { promptRefusals: 0, refusalPauseMs: 3_600_000 })
    const forged = 'POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
    expect(await sendBytes(port, forged.repeat(50))).toBe('')
  })

  test('more than 100 headers, or 16 kB of them, are refused with 431', async () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`x-${at}`, '1']))
    expect((await post('/telegram', { headers: { ...withSecret, ...many } })).status).toBe(431)
    const long = await sendBytes(
      listener.port,
      `POST /telegram HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    )
    expect(statusOf(long)).toBe(431)
    expect(reached).toEqual([])
  })

  test('of connections that only wait, the oldest gives way to a new one', async () => {
    const { port } = await started('/', { waitingConnections: 20 })
    const idle = Array.from({ length: 30 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    await until(() => idle.filter(({ destroyed }) => destroyed).length >= 10, { what: 'ten to be closed' })
    for (let n = 0; n < 5; n++)
      expect((await sendRequest(port, { path: '/telegram', headers: withSecret })).status).toBe(200)
    for (const socket of idle) socket.destroy()
  })
})

import { constants, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type Server, type TlsOptions } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { addressGuard, type DialOptions, safeDialler } from '#functions/dial/dial.ts'
import type { HttpRequest } from '#functions/dial/http-request.ts'
import { tlsSessions } from '#functions/dial/tls-sessions.ts'
import odd from '#test/functions/dial/support/odd-certificates.json' with { type: 'json' }
import { until } from '#test/support/until.ts'

const { good, constraint } = odd.servers
const minuteMs = 60_000

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map(close => close()))
})

/** Starts a server that answers each request, or closes the connections while `isBroken`. */
const startServer = async (options: TlsOptions = {}) => {
  /** Whether each handshake resumed a session. */
  const handshakes: boolean[] = []
  const state = { isBroken: false }
  const open = new Set<Socket>()
  const server: Server = createServer({ ...good, ...options }, socket => {
    handshakes.push(socket.isSessionReused())
    socket.on('error', () => {})
    socket.once('data', () =>
      state.isBroken ? socket.destroy() : socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    )
  })
  server.on('tlsClientError', () => {})
  server.on('connection', (socket: Socket) => {
    open.add(socket.on('error', () => {}))
    socket.on('close', () => open.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => {
    for (const socket of open) socket.destroy()
    return once(server.close(), 'close')
  })
  return { server, state, handshakes, port: (server.address() as AddressInfo).port }
}

/** A dialler with a clock, and its requests to `site.test`. */
const startDialler = (port: number) => {
  let now = Date.parse('2026-12-01T12:00:00Z')
  const dialler = safeDialler({
    ...{ guard: addressGuard('127.0.0.0/8'), lookup: async () => ['127.0.0.1'], ca: odd.root },
    clock: () => new Date(now),
    random: () => 1,
  })
  return {
    dialler,
    wait: (ms: number) => {
      now += ms
    },
    get: (host = 'site.test', options: Partial<DialOptions> = {}) =>
      dialler.get(`https://${host}:${port}/`, { timeoutMs: 5_000, ...options }),
    request: (request: HttpRequest) => dialler.request(`https://site.test:${port}/`, { timeoutMs: 5_000, request }),
  }
}

describe.each<[string, TlsOptions]>([
  ['TLS 1.3', {}],
  ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
  ['TLS 1.2 without tickets', { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET }],
])('%s', (name, options) => {
  test('the certificate is seen again five minutes after it was last seen', async () => {
    const { port, handshakes } = await startServer(options)
    const { get, wait } = startDialler(port)
    for (let check = 0; check < 7; check++) {
      expect(await get()).toMatchObject({ error: null, status: 200, tlsMs: expect.any(Number) })
      wait(minuteMs)
    }
    const isResumed = !name.includes('without')
    expect(handshakes).toEqual([false, ...Array(4).fill(isResumed), false, isResumed])
  })
})

test('a server that gives no sessions makes full handshakes', async () => {
  const { port, handshakes } = await startServer({ secureOptions: constants.SSL_OP_NO_TICKET })
  const { get } = startDialler(port)
  for (let check = 0; check < 3; check++) expect(await get()).toMatchObject({ error: null, status: 200 })
  expect(handshakes[0]).toBe(false)
})

test('a certificate that is exchanged for a bad one is noticed at once by a server with new keys for its tickets', async () => {
  const { port, server } = await startServer()
  const { get } = startDialler(port)
  expect(await get()).toMatchObject({ error: null })
  server.setSecureContext(constraint)
  expect(await get()).toMatchObject({ error: 'tls-untrusted' })
})

test('a certificate that is exchanged for a bad one is noticed within five minutes, and then at each check', async () => {
  const ticketKeys = randomBytes(48)
  const { port, server, handshakes } = await startServer({ ticketKeys })
  const { get, wait } = startDialler(port)
  expect(await get()).toMatchObject({ error: null })
  server.setSecureContext({ ...constraint, ticketKeys })
  wait(4 * minuteMs)
  expect(await get()).toMatchObject({ error: null })
  expect(handshakes).toEqual([false, true])
  wait(minuteMs)
  for (let check = 0; check < 3; check++) expect(await get()).toMatchObject({ error: 'tls-untrusted' })
  server.setSecureContext({ ...good, ticketKeys })
  expect(await get()).toMatchObject({ error: null })
})

test('a session is not used after a certificate of its chain has expired', async () => {
  const { port, handshakes } = await startServer()
  const { get, wait } = startDialler(port)
  // The certificates expire on 5 November 2126.
  wait(Date.parse('2126-11-05T20:34:30Z') - Date.parse('2026-12-01T12:00:00Z'))
  for (let check = 0; check < 3; check++) {
    await get()
    wait(0.75 * minuteMs)
  }
  expect(handshakes).toEqual([false, true, false])
})

test('a failure makes the next handshake a full one, whatever failed', async () => {
  const { port, handshakes, state } = await startServer()
  const { get } = startDialler(port)
  await get()
  state.isBroken = true
  expect(await get()).toMatchObject({ error: 'reset' })
  state.isBroken = false
  expect(await get()).toMatchObject({ error: null })
  expect(await get()).toMatchObject({ error: null })
  expect(handshakes).toEqual([false, true, false, true])
})

test('further attempts of a check, and checks that trust other authorities, make full handshakes', async () => {
  const { port, handshakes } = await startServer()
  const { dialler, get, request } = startDialler(port)
  await get()
  await get('site.test', { attemptIndex: 1 })
  await request({ tls: { anyCertificate: true } })
  await request({ tls: { ca: odd.root } })
  const { error } = await dialler.attempt({ timeoutMs: 5_000 }, async ({ open, startTls }) => {
    await startTls(await open({ host: 'site.test', port }), 'site.test')
    await until(() => handshakes.length === 5)
  })
  expect(error).toBeNull()
  expect(handshakes).toEqual([false, false, false, false, false])
  // An authority that does not know the certificate is asked, although a session of the host exists.
  expect(await request({ tls: { ca: good.cert } })).toMatchObject({ error: 'tls-incomplete' })
})

test('a session is used only for its host name, and only in its process', async () => {
  const { port, handshakes } = await startServer()
  const { get } = startDialler(port)
  const replica = startDialler(port)
  await get()
  expect(await get('other.test')).toMatchObject({ error: 'tls-wrong-host' })
  expect(await replica.get()).toMatchObject({ error: null })
  expect(await replica.get()).toMatchObject({ error: null })
  expect(handshakes.filter(Boolean)).toHaveLength(1)
})

test('a server that has only the hybrid key exchange is up, and is found at the first check', async () => {
  const { port, server } = await startServer({ ecdhCurve: 'X25519MLKEM768' })
  const { get, wait } = startDialler(port)
  let connections = 0
  server.on('connection', () => connections++)
  expect(await get()).toMatchObject({ error: null, status: 200 })
  expect(connections).toBe(2)
  wait(10 * minuteMs)
  expect(await get()).toMatchObject({ error: null, status: 200 })
  expect(connections).toBe(3)
})

test('a request with credentials offers the hybrid key exchange at once', async () => {
  const { port, server } = await startServer({ ecdhCurve: 'X25519MLKEM768' })
  const { request } = startDialler(port)
  let connections = 0
  server.on('connection', () => connections++)
  expect(await request({ authorization: 'Bearer hush' })).toMatchObject({ error: null, status: 200 })
  expect(connections).toBe(1)
})

test('a resumed check reports the expiry that the full handshake showed', async () => {
  const { port, handshakes } = await startServer()
  const { request } = startDialler(port)
  const found = [await request({ tls: { reportsExpiry: true } }), await request({ tls: { reportsExpiry: true } })]
  const expiresAt = new Date(new X509Certificate(good.cert).validTo)
  for (const { certificateExpiresAt } of found) expect(certificateExpiresAt).toEqual(expiresAt)
  expect(handshakes).toEqual([false, true])
})

test('the full handshakes of monitors that begin together are spread', () => {
  let now = Date.parse('2026-12-01T12:00:00Z')
  const chances = [0.2, 0.7]
  const sessionWith = tlsSessions(
    () => new Date(now),
    () => chances.shift()!,
  )
  const sessions = ['a.test:443', 'b.test:443'].map(host => sessionWith(host, '192.0.2.1'))
  const keep = () => {
    for (const session of sessions)
      if (session.get() === undefined) session.keep(Buffer.from('ticket'), new Date('2027-01-01T00:00:00Z'))
  }
  const ended: number[][] = [[], []]
  for (let minute = 0; minute < 15; minute++) {
    for (const [index, session] of sessions.entries()) if (session.get() === undefined) ended[index]!.push(minute)
    keep()
    now += minuteMs
  }
  expect(ended).toEqual([
    [0, 1, 6, 11],
    [0, 4, 9, 14],
  ])
})

test('ten thousand sessions are kept; more servers do not end them, and get their place when they have ended', () => {
  let now = Date.parse('2026-12-01T12:00:00Z')
  const sessionWith = tlsSessions(
    () => new Date(now),
    () => 1,
  )
  const server = (n: number) => sessionWith(`${n}.test:443`, '192.0.2.1')
  const keep = (n: number) => server(n).keep(Buffer.from('ticket'), new Date('2027-01-01T00:00:00Z'))
  for (let n = 0; n < 10_001; n++) keep(n)
  expect(server(0).get()).toBeDefined()
  expect(server(9_999).get()).toBeDefined()
  expect(server(10_000).get()).toBeUndefined()
  now += 5 * minuteMs
  keep(10_000)
  expect(server(10_000).get()).toBeDefined()
})

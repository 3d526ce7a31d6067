import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { addressGuard, safeDialler } from '#functions/dial/dial.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import odd from '#test/functions/dial/support/odd-certificates.json' with { type: 'json' }

const dialler = safeDialler({ guard: addressGuard('127.0.0.0/8'), lookup: async () => ['127.0.0.1'], ca: odd.root })

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map(close => close()))
})

/** Listens on a free port of loopback, until the test ends. */
const listening = async (server: Server): Promise<number> => {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket.on('error', () => {}))
    socket.on('close', () => open.delete(socket))
  })
  server.on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => {
    for (const socket of open) socket.destroy()
    return once(server.close(), 'close')
  })
  return (server.address() as { port: number }).port
}

const answer = (socket: Socket) => {
  socket.on('error', () => {})
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
}
const secureServer = (options: TlsOptions, accept: (socket: TLSSocket) => unknown = answer) =>
  listening(createTlsServer(options, socket => void accept(socket)))
/** The library refuses to serve with weak keys unless it is told to. */
const server = (name: keyof typeof odd.servers, options: TlsOptions = {}) =>
  secureServer({ ...odd.servers[name], ciphers: 'DEFAULT@SECLEVEL=0', ...options })

const get = (port: number, host = 'site.test', timeoutMs = 5_000) =>
  dialler.get(`https://${host}:${port}/`, { timeoutMs })

test.each<[string, keyof typeof odd.servers, ProbeErrorCode | null, host?: string]>([
  ['is good', 'good', null],
  ['has no name but its common name', 'cn', null],
  ['is for the address', 'ip', null, '127.0.0.1'],
  ['is for another name', 'good', 'tls-wrong-host', 'other.test'],
  ['is for a name where an address is dialled', 'good', 'tls-wrong-host', '127.0.0.1'],
  ['is for an address where a name is dialled', 'ip', 'tls-wrong-host'],
  ['is not valid yet', 'future', 'tls-expired'],
  ['comes without its intermediate', 'missing', 'tls-untrusted'],
  ['is signed by a certificate that may sign none', 'byleaf', 'tls-untrusted'],
  ['has more authorities above it than they allow', 'pathlen', 'tls-untrusted'],
  ['has a name that its authority may not give', 'constraint', 'tls-untrusted'],
  ['is for clients', 'purpose', 'tls-untrusted'],
  ['has an RSA key of 1024 bits', 'weak', 'tls-weak'],
  ['is signed with SHA-1', 'sha1', 'tls-weak'],
])('a certificate that %s is told so', async (_, name, error, host) => {
  expect(await get(await server(name), host)).toMatchObject({ error, contact: true, status: error ? null : 200 })
  if (error === null) return
  expect(sayProbeError(error, 'pt-BR')).toContain('certificado')
  expect(sayProbeError(error, 'en')).toContain('certificate')
})

test.each<[string, TlsOptions, ProbeErrorCode]>([
  ['speaks TLS 1.1 at most', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }, 'tls'],
  ['shares no cipher', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0' }, 'tls'],
  ['asks for a client certificate (TLS 1.3)', { requestCert: true }, 'tls-client-certificate'],
])('a server that %s is told apart', async (_, options, error) => {
  expect(await get(await server('good', options))).toMatchObject({ error, contact: true })
})

test.each<[string, (socket: Socket) => void, ProbeErrorCode]>([
  ['speaks plain HTTP', socket => void answer(socket), 'tls'],
  ['speaks before it is asked', socket => void socket.end('220 mail ESMTP\r\n'), 'tls'],
  [
    'answers with a TLS alert',
    socket => void socket.once('data', () => socket.end(Buffer.from('15030100020228', 'hex'))),
    'tls',
  ],
  ['closes the connection', socket => void socket.once('data', () => socket.end()), 'reset'],
  ['resets the connection', socket => void socket.once('data', () => socket.resetAndDestroy()), 'reset'],
])('a server on a port for TLS that %s is told apart', async (_, accept, error) => {
  expect(await get(await listening(createTcpServer(accept)))).toMatchObject({ error, contact: true })
})

test('a server that stops in the middle of the handshake has as long as any other', async () => {
  expect(await get(await listening(createTcpServer(() => {})), 'site.test', 300)).toMatchObject({ error: 'timeout' })
})

/** Refuses HTTP/1.1 in the handshake, as ALPN asks for. */
const http2Server = (respond: (path: string) => Record<string, string | number>) => {
  const tls = createTlsServer({ ...odd.servers.good, ALPNProtocols: ['h2'] }) as Server
  const http2 = createHttp2Server()
  http2.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    stream.respond(respond(String(headers[':path'])))
    stream.end('ok')
  })
  http2.on('sessionError', () => {})
  tls.on('secureConnection', socket => http2.emit('connection', socket))
  return listening(tls)
}

test('a server that speaks only HTTP/2 is asked by HTTP/2, each time with one handshake more at most', async () => {
  const asked: string[] = []
  const port = await http2Server(path => {
    asked.push(path)
    return path === '/old' ? { ':status': 301, location: '/new' } : { ':status': path === '/new' ? 200 : 503 }
  })
  expect(await dialler.get(`https://site.test:${port}/old`, { timeoutMs: 5_000 })).toMatchObject({
    error: null,
    status: 200,
  })
  expect(await dialler.get(`https://site.test:${port}/ill?a=b`, { timeoutMs: 5_000 })).toMatchObject({
    error: null,
    status: 503,
  })
  expect(asked).toEqual(['/old', '/new', '/ill?a=b'])
})

test('a server that has spoken only HTTP/2 may speak HTTP/1.1 later', async () => {
  const protocols = ['h2']
  const http2 = createHttp2Server()
  http2.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  const options: TlsOptions = {
    ...odd.servers.good,
    ALPNCallback: ({ protocols: offered }) => offered.find(protocol => protocols.includes(protocol)),
  }
  const port = await secureServer(options, socket =>
    socket.alpnProtocol === 'h2' ? http2.emit('connection', socket) : answer(socket),
  )
  for (const protocol of ['h2', 'http/1.1', 'h2']) {
    protocols[0] = protocol
    expect(await get(port)).toMatchObject({ error: null, status: 200 })
  }
})

test('a server that agrees to HTTP/2 and then closes is down', async () => {
  const tls = createTlsServer({ ...odd.servers.good, ALPNProtocols: ['h2'] }, socket => void socket.end()) as Server
  const { error } = await get(await listening(tls))
  expect(['reset', 'protocol']).toContain(error)
})

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

/** Lets the server listen on a free port of loopback until the test ends. Returns the port. */
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

const respond = (socket: Socket) => {
  socket.on('error', () => {})
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
}
const secureServer = (options: TlsOptions, accept: (socket: TLSSocket) => unknown = respond) =>
  listening(createTlsServer(options, socket => void accept(socket)))
/** Starts a TLS server. Its security level is 0, because by default OpenSSL refuses to serve with weak keys. */
const server = (name: keyof typeof odd.servers, options: TlsOptions = {}) =>
  secureServer({ ...odd.servers[name], ciphers: 'DEFAULT@SECLEVEL=0', ...options })

const get = (port: number, host = 'site.test', timeoutMs = 5_000) =>
  dialler.get(`https://${host}:${port}/`, { timeoutMs })

test.each<[string, keyof typeof odd.servers, ProbeErrorCode | null, host?: string]>([
  ['is valid', 'good', null],
  ['has only a common name', 'cn', null],
  ['is for the dialled address', 'ip', null, '127.0.0.1'],
  ['is for another name', 'good', 'tls-wrong-host', 'other.test'],
  ['is for a name although an address is dialled', 'good', 'tls-wrong-host', '127.0.0.1'],
  ['is for an address although a name is dialled', 'ip', 'tls-wrong-host'],
  ['is not valid yet', 'future', 'tls-expired'],
  ['is sent without its intermediate certificate', 'missing', 'tls-incomplete'],
  ['is signed by a certificate that is not an authority', 'byleaf', 'tls-untrusted'],
  ['has a longer chain than its authorities allow', 'pathlen', 'tls-untrusted'],
  ['has a name that its authority is not allowed to certify', 'constraint', 'tls-untrusted'],
  ['is for clients', 'purpose', 'tls-untrusted'],
  ['has an RSA key of 1024 bits', 'weak', 'tls-weak'],
  ['is signed with SHA-1', 'sha1', 'tls-weak'],
])('a certificate that %s gives the expected error', async (_, name, error, host) => {
  expect(await get(await server(name), host)).toMatchObject({ error, contact: true, status: error ? null : 200 })
  if (error === null) return
  expect(sayProbeError(error, 'pt-BR')).toContain('certificado')
  expect(sayProbeError(error, 'en')).toContain('certificate')
})

test.each<[string, TlsOptions, ProbeErrorCode]>([
  ['speaks TLS 1.1 at most', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }, 'tls'],
  ['has no common cipher', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0' }, 'tls'],
  ['asks for a client certificate (TLS 1.3)', { requestCert: true }, 'tls-client-certificate'],
])('a server that %s gives the expected error', async (_, options, error) => {
  expect(await get(await server('good', options))).toMatchObject({ error, contact: true })
})

test.each<[string, (socket: Socket) => void, ProbeErrorCode]>([
  ['speaks plain HTTP', socket => void respond(socket), 'tls'],
  ['speaks before the handshake', socket => void socket.end('220 mail ESMTP\r\n'), 'tls'],
  [
    'answers with a TLS alert',
    socket => void socket.once('data', () => socket.end(Buffer.from('15030100020228', 'hex'))),
    'tls',
  ],
  ['closes the connection', socket => void socket.once('data', () => socket.end()), 'reset'],
  ['resets the connection', socket => void socket.once('data', () => socket.resetAndDestroy()), 'reset'],
])('a server on a TLS port that %s gives the expected error', async (_, accept, error) => {
  expect(await get(await listening(createTcpServer(accept)))).toMatchObject({ error, contact: true })
})

test('a server that stops in the middle of the handshake gives the error timeout', async () => {
  expect(await get(await listening(createTcpServer(() => {})), 'site.test', 300)).toMatchObject({ error: 'timeout' })
})

/** Starts a server that accepts only HTTP/2 in the ALPN negotiation. */
const http2Server = (responseTo: (path: string) => Record<string, string | number>) => {
  const tls = createTlsServer({ ...odd.servers.good, ALPNProtocols: ['h2'] }) as Server
  const http2 = createHttp2Server()
  http2.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    stream.respond(responseTo(String(headers[':path'])))
    stream.end('ok')
  })
  http2.on('sessionError', () => {})
  tls.on('secureConnection', socket => http2.emit('connection', socket))
  return listening(tls)
}

test('a server that speaks only HTTP/2 gets its requests by HTTP/2', async () => {
  const paths: string[] = []
  const port = await http2Server(path => {
    paths.push(path)
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
  expect(paths).toEqual(['/old', '/new', '/ill?a=b'])
})

test('a server that accepted only HTTP/2 may accept only HTTP/1.1 later', async () => {
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
    socket.alpnProtocol === 'h2' ? http2.emit('connection', socket) : respond(socket),
  )
  for (const protocol of ['h2', 'http/1.1', 'h2']) {
    protocols[0] = protocol
    expect(await get(port)).toMatchObject({ error: null, status: 200 })
  }
})

test('a server that negotiates HTTP/2 and then closes the connection gives the error reset or protocol', async () => {
  const tls = createTlsServer({ ...odd.servers.good, ALPNProtocols: ['h2'] }, socket => void socket.end()) as Server
  const { error } = await get(await listening(tls))
  expect(['reset', 'protocol']).toContain(error)
})

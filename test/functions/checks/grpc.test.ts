import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { checkGrpc } from '#functions/checks/grpc.ts'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import { answering, strict, testServers } from '#test/functions/dial/support/servers.ts'
import { attemptOf, memoryGrowth } from './support.ts'

const attempt = attemptOf('grpc', checkGrpc)
const serve = testServers()

const closing: (() => unknown)[] = []
afterEach(() => closing.splice(0).map(close => close()))

const healthService = {
  check: {
    ...{ path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false },
    // HealthCheckRequest { string service = 1 }, HealthCheckResponse { ServingStatus status = 1 }
    requestSerialize: ({ service }: { service: string }) =>
      Buffer.from([0x0a, service.length, ...Buffer.from(service)]),
    requestDeserialize: (bytes: Buffer) => ({ service: bytes.subarray(bytes.length < 130 ? 2 : 3).toString() }),
    responseSerialize: (serving: number) => (serving === 0 ? Buffer.alloc(0) : Buffer.from([8, serving])),
    responseDeserialize: (bytes: Buffer) => bytes[1] ?? 0,
  },
}

/** Starts a real gRPC server whose services have these states. */
const grpcServer = async (states: Record<string, number>, credentials = ServerCredentials.createInsecure()) => {
  const server = new Server()
  server.addService(healthService, {
    check: ({ request: { service } }: ServerUnaryCall<{ service: string }, number>, reply: sendUnaryData<number>) =>
      service in states
        ? reply(null, states[service])
        : reply({ code: status.NOT_FOUND, details: `no service ${service}` }),
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
  )
  closing.push(() => server.forceShutdown())
  return port
}

const long = 'a'.repeat(180)

test('the health of the whole server, or of one service, is asked for', async () => {
  const port = await grpcServer({ '': 1, shop: 1, mail: 2, [long]: 1, odd: 0 })
  const url = `grpc://a.test:${port}`
  expect(await attempt(url)).toMatchObject({ error: null, firstByteMs: expect.any(Number) })
  expect(await attempt(url, { service: 'shop' })).toMatchObject({ error: null })
  expect(await attempt(url, { service: long })).toMatchObject({ error: null })
  expect(await attempt(url, { service: 'mail' })).toMatchObject({ error: 'not-serving', detail: 'NOT_SERVING' })
  expect(await attempt(url, { service: 'odd' })).toMatchObject({ error: 'not-serving', detail: 'UNKNOWN' })
  const missing = await attempt(url, { service: 'gone' })
  expect(missing).toMatchObject({ error: 'not-serving', detail: 'grpc-status 5 no service gone' })
})

test('a server without the health service says so', async () => {
  const server = new Server()
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
  closing.push(() => server.forceShutdown())
  const found = await attempt(`grpc://a.test:${port}`)
  expect(found.error).toBe('not-serving')
  expect(found.detail).toMatch(/^UNIMPLEMENTED/)
})

test('grpcs uses TLS with the certificate of the server', async () => {
  const pair = { cert_chain: Buffer.from(certificates.good.cert), private_key: Buffer.from(certificates.good.key) }
  const port = await grpcServer({ '': 1 }, ServerCredentials.createSsl(null, [pair]))
  expect(await attempt(`grpcs://good.test:${port}`)).toMatchObject({ error: null, tlsMs: expect.any(Number) })
  expect(await attempt(`grpcs://other.test:${port}`)).toMatchObject({ error: 'tls-wrong-host' })
  const any = await attempt(`grpcs://other.test:${port}`, { certificate: 'any' })
  expect(any).toMatchObject({ error: null, warning: 'any-certificate' })
})

/** Starts an HTTP/2 server that answers every request like this. */
const http2Server = async (answer: (stream: ServerHttp2Stream) => void) => {
  const server = createHttp2Server()
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    answer(stream)
  })
  server.on('sessionError', () => {})
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', session => sessions.add(session))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('a faulty or hostile server', () => {
  const endlessly = (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
    const more = () => {
      while (!stream.destroyed && stream.write(Buffer.alloc(16_384)));
    }
    stream.on('drain', more)
    more()
  }
  const trailing = (message: Buffer) => (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(message)
  }

  test.each<[string, (stream: ServerHttp2Stream) => void, string]>([
    ['answers 502', stream => stream.respond({ ':status': 502 }, { endStream: true }), 'status'],
    ['sends no grpc-status', stream => stream.respond({ ':status': 200 }, { endStream: true }), 'protocol'],
    ['sends an endless message', endlessly, 'protocol'],
    ['sends half a frame', trailing(Buffer.from([0, 0, 0])), 'protocol'],
    ['sends a wrong length', trailing(Buffer.from([0, 0, 0, 0, 9, 8, 1])), 'protocol'],
    ['sends a compressed message', trailing(Buffer.from([1, 0, 0, 0, 2, 8, 1])), 'protocol'],
    ['sends another field', trailing(Buffer.from([0, 0, 0, 0, 2, 0x12, 1])), 'protocol'],
    ['resets the stream', stream => stream.close(2), 'protocol'],
    ['ends the session', stream => stream.session!.destroy(), 'reset'],
    ['never answers', () => {}, 'timeout'],
  ])('that %s ends the check in time with flat memory', async (_, answer, error) => {
    const port = await http2Server(answer)
    const grown = await memoryGrowth(async () => {
      const found = await attempt(`grpc://a.test:${port}`, {}, { timeoutMs: 1_000 })
      expect(found).toMatchObject({ error })
      expect(found.totalMs).toBeLessThan(2_000)
    })
    expect(grown).toBeLessThan(80)
  })

  test('that speaks HTTP/1.1, or sends endless bytes, ends the check in time', async () => {
    const old = await serve(answering('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect((await attempt(`grpc://a.test:${old.port}`, {}, { timeoutMs: 1_000 })).error).toMatch(/protocol|reset/)
    const noisy = await serve(socket => {
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 0x41)));
      }
      socket.on('drain', more)
      more()
    })
    expect((await attempt(`grpc://a.test:${noisy.port}`, {}, { timeoutMs: 1_000 })).error).toMatch(/protocol|reset/)
  })

  test('with headers of 1 MB ends the check in time', async () => {
    const port = await http2Server(stream => {
      const headers = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`x-${at}`, 'y'.repeat(1_000)]))
      stream.respond({ ':status': 200, ...headers }, { endStream: true })
    })
    const found = await attempt(`grpc://a.test:${port}`, {}, { timeoutMs: 1_000 })
    expect(found.error).toMatch(/protocol|reset|timeout/)
  })

  test('on a private address is not contacted', async () => {
    const victim = await serve(() => {})
    const found = await attemptOf('grpc', checkGrpc, strict)(`grpc://127.0.0.1:${victim.port}`)
    expect(found).toMatchObject({ error: 'private-address' })
    expect(victim.seen.connections).toBe(0)
  })
})

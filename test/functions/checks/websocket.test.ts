import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { checkWebSocket } from '#functions/checks/websocket.ts'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import { answering, redirect, type Script, strict, testServers } from '#test/functions/dial/support/servers.ts'
import { attemptOf, memoryGrowth } from './support.ts'

const attempt = attemptOf('websocket', checkWebSocket)
const serve = testServers()

const closing: (() => unknown)[] = []
afterEach(() => closing.splice(0).map(close => close()))

/** Starts a real WebSocket server that greets each client and echoes its messages. */
const echo = async (tls?: { cert: string; key: string }) => {
  const server = tls ? createHttpsServer(tls) : createHttpServer()
  const requests: { url: string; headers: Record<string, unknown> }[] = []
  const sockets = new WebSocketServer({ server, perMessageDeflate: true })
  sockets.on('connection', (socket, { url = '', headers }) => {
    requests.push({ url, headers })
    socket.on('error', () => {})
    socket.send('welcome')
    socket.on('message', message => socket.send(`echo ${String(message)}`))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => {
    for (const client of sockets.clients) client.terminate()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, requests }
}

test('a WebSocket that opens passes; the request has the path, the headers and the credentials of the monitor', async () => {
  const { port, requests } = await echo()
  const settings = { headers: { 'X-Shop': 'a' }, auth: { bearer: true }, protocol: 'chat' }
  const found = await attempt(`ws://a.test:${port}/live?room=1`, settings, { secrets: { token: 'hush' } })
  expect(found).toMatchObject({ error: null, firstByteMs: expect.any(Number), tlsMs: null })
  expect(requests).toMatchObject([
    {
      url: '/live?room=1',
      headers: {
        ...{ host: `a.test:${port}`, 'x-shop': 'a', authorization: 'Bearer hush', 'sec-websocket-protocol': 'chat' },
        'user-agent': 'Vigia (uptime check)',
      },
    },
  ])
  expect(requests[0]!.headers).not.toHaveProperty('sec-websocket-extensions')
})

test('a message is sent, and an expected message is awaited', async () => {
  const { port } = await echo()
  const url = `ws://a.test:${port}/`
  expect(await attempt(url, { send: 'ping', expect: 'echo ping' })).toMatchObject({ error: null })
  expect(await attempt(url, { expect: 'wel' })).toMatchObject({ error: null })
  const found = await attempt(url, { expect: 'never' }, { timeoutMs: 300 })
  expect(found).toMatchObject({ error: 'timeout', detail: 'welcome' })
})

test('a WebSocket over TLS is checked with its certificate', async () => {
  const { port } = await echo(certificates.good)
  expect(await attempt(`wss://good.test:${port}/`)).toMatchObject({ error: null, tlsMs: expect.any(Number) })
  expect(await attempt(`wss://other.test:${port}/`)).toMatchObject({ error: 'tls-wrong-host' })
  const any = await attempt(`wss://other.test:${port}/`, { certificate: 'any' })
  expect(any).toMatchObject({ error: null, warning: 'any-certificate' })
})

/** The head of a server that accepts the WebSocket, and what it sends after it. */
const accepting =
  (then: Script): Script =>
  socket =>
    socket.once('data', data => {
      const key = /sec-websocket-key: (\S+)/i.exec(String(data))?.[1] ?? ''
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      then(socket)
    })

const forever = (chunk: string | Buffer) => (socket: Socket) => {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}
const frame = (opcode: number, payload: string, isFinal = true) =>
  Buffer.concat([Buffer.from([(isFinal ? 0x80 : 0) | opcode, payload.length]), Buffer.from(payload)])
const repeated = (bytes: Buffer, times: number) => Buffer.concat(Array.from({ length: times }, () => bytes))
/** The head of a message of 1 TB. */
const hugeHead = Buffer.from('827f00000100000000000000'.slice(0, 20), 'hex')

describe('a faulty or hostile server', () => {
  test.each<[string, Script, string, Record<string, unknown>?]>([
    ['answers without a WebSocket', answering('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'), 'status'],
    ['redirects', answering(redirect('http://127.0.0.1/')), 'status'],
    [
      'accepts with a wrong key',
      answering(
        'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      ),
      'protocol',
    ],
    ['speaks another protocol', answering('SSH-2.0-OpenSSH_9.2\r\n'), 'protocol'],
    ['closes the connection', socket => void socket.end(), 'reset'],
    ['sends headers of 1 MB', answering(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(200_000)}\r\n`), 'too-large'],
    ['never answers', () => {}, 'timeout'],
    ['sends endless messages', accepting(forever(repeated(frame(1, 'noise'), 5_000))), 'reply'],
    ['sends endless pings', accepting(forever(repeated(frame(9, 'ping'), 5_000))), 'reply'],
    [
      'sends an endless message in fragments',
      accepting(socket => {
        socket.write(frame(1, 'x', false))
        forever(repeated(frame(0, 'x'.repeat(100), false), 1_000))(socket)
      }),
      'protocol',
    ],
    [
      'announces a message of 1 TB',
      accepting(socket => {
        socket.write(hugeHead)
        forever(Buffer.alloc(65_536))(socket)
      }),
      'protocol',
    ],
    ['sends a frame that breaks the rules', accepting(socket => void socket.write(frame(0xb, 'x'))), 'protocol'],
    ['closes the WebSocket', accepting(socket => void socket.end(frame(8, ''))), 'reply'],
  ])('that %s ends the check in time with flat memory', async (_, script, error) => {
    const site = await serve(script)
    const grown = await memoryGrowth(async () => {
      const found = await attempt(`ws://x.test:${site.port}/`, { expect: 'never' }, { timeoutMs: 1_500 })
      expect(found).toMatchObject({ error })
      expect(found.totalMs).toBeLessThan(2_500)
    })
    expect(grown).toBeLessThan(80)
  })

  test('on a private address is not contacted', async () => {
    const victim = await serve(() => {})
    const found = await attemptOf('websocket', checkWebSocket, strict)(`ws://127.0.0.1:${victim.port}/`)
    expect(found).toMatchObject({ error: 'private-address' })
    expect(victim.seen.connections).toBe(0)
  })
})

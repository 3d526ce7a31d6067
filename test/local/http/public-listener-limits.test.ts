import { Agent } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { repeated, sendBytes, sendUntilResponse, statusOf } from '#test/functions/dial/support/raw.ts'
import {
  listener,
  post,
  reached,
  secret,
  secretHeader,
  serving,
  startListener,
  withSecret,
} from '#test/local/http/support/public-listener.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

describe('a request without the right secret', () => {
  test.each([
    ['no secret', {}],
    ['another secret', { [secretHeader]: 'forged' }],
    ['an empty secret', { [secretHeader]: '' }],
    ['the secret with one more character', { [secretHeader]: `${secret}x` }],
    ['a secret of 10 kB', { [secretHeader]: 'x'.repeat(10_000) }],
    ['the secret in another header', { authorization: secret }],
  ])('gets 401: %s', async (_, headers) => {
    for (const path of ['/telegram', '/telegram/', '/telegram/more?x=1'])
      expect((await post(path, { headers: headers as Record<string, string>, body: 'x'.repeat(2_000) })).status).toBe(
        401,
      )
    expect(reached).toEqual([])
  })

  test('gets 401 before its body arrives, and a client that continues to write is disconnected', async () => {
    const head = 'POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n'
    expect(await sendUntilResponse(listener.port, head, () => undefined)).toBe(401)
    const endless = connect(listener.port, '127.0.0.1')
    const closed = new Promise(resolve => endless.once('close', resolve))
    const write = () => void endless.write(Buffer.alloc(65_536), error => error || write())
    endless.on('error', () => {}).write(head, write)
    await closed
  })

  test('keeps its connection if the body is small, and gets Connection: close if the rest of the body is not read', async () => {
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

  test('gets 401 even if the runtime has no value for the secret', async () => {
    const own = await startListener()
    own.serve({ ...serving, variableOf: () => undefined })
    for (const value of ['', 'undefined', secret])
      expect((await sendRequest(own.port, { path: '/telegram', headers: { [secretHeader]: value } })).status).toBe(401)
  })

  test('gets 401 if the header is given twice', async () => {
    const head = `POST /telegram HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n`
    const twice = `${secretHeader}: ${secret}\r\n${secretHeader}: ${secret}\r\n\r\n`
    expect(statusOf(await sendBytes(listener.port, head + twice))).toBe(401)
  })
})

describe('a body', () => {
  const secretLine = `${secretHeader}: ${secret}\r\n`
  test('of 1 MiB is accepted, and one byte more is refused with 413', async () => {
    expect((await post('/telegram', { body: Buffer.alloc(1024 * 1024) })).status).toBe(200)
    expect((await post('/telegram', { body: Buffer.alloc(1024 * 1024 + 1) })).status).toBe(413)
    expect(reached).toEqual([`telegram-webhook POST /telegram ${1024 * 1024}`])
  })

  test.each([3, 12])(
    'of %i MiB gets 413 while its client is still writing, with Content-Length and chunked',
    async mib => {
      const piece = 'x'.repeat(65_536)
      const head = `POST /telegram HTTP/1.1\r\nHost: x\r\n${secretLine}`
      const known = `${head}Content-Length: ${mib * 1024 * 1024}\r\n\r\n`
      expect(await sendUntilResponse(listener.port, known, repeated(mib * 16, piece))).toBe(413)
      const unknown = `${head}Transfer-Encoding: chunked\r\n\r\n`
      expect(await sendUntilResponse(listener.port, unknown, repeated(mib * 16, `10000\r\n${piece}\r\n`))).toBe(413)
      expect(reached).toEqual([])
    },
  )

  test('is requested with 100 Continue only if the request is accepted', async () => {
    const head = (headers: string, bytes: number) =>
      `POST /telegram HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n${headers}Content-Length: ${bytes}\r\n\r\n`
    const first = (bytes: string) => sendUntilResponse(listener.port, bytes, () => undefined)
    expect(await first(head('', 5))).toBe(401)
    expect(await first(head(secretLine, 3 * 1024 * 1024))).toBe(413)
    expect(await first(head(secretLine, 5).replace('/telegram', '/api'))).toBe(404)
    expect(await first(head(secretLine, 5))).toBe(100)
  })

  test('that is incomplete reaches no function', async () => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.write(`POST /telegram HTTP/1.1\r\nHost: x\r\n${secretLine}Content-Length: 100\r\n\r\nhalf of it`)
    await new Promise(resolve => socket.once('connect', resolve))
    expect((await post('/telegram')).status).toBe(200)
    socket.destroy()
    expect((await post('/telegram')).status).toBe(200)
    expect(reached).toEqual(['telegram-webhook POST /telegram x', 'telegram-webhook POST /telegram x'])
  })

  test('that does not arrive in time gets 408', async () => {
    // The timeouts are long enough for a busy machine to read what arrived, because closing a socket with unread data
    // resets the connection.
    const { port } = await startListener('/', { headersMs: 500, requestMs: 1_000 })
    const slow = `POST /telegram HTTP/1.1\r\nHost: x\r\n${secretLine}Content-Length: 100\r\n\r\nhalf of it`
    expect(statusOf(await sendBytes(port, slow))).toBe(408)
    expect(statusOf(await sendBytes(port, 'POST /telegram HTTP/1.1\r\nHost: x\r\nX-Never'))).toBe(408)
    expect(reached).toEqual([])
  })

  test('gets 503 while too many bytes of bodies are in memory, and is accepted again afterwards', async () => {
    const { port } = await startListener('/', { bodyBytes: 1000 })
    const half = connect(port, '127.0.0.1')
    half.write(`POST /telegram HTTP/1.1\r\nHost: x\r\n${secretLine}Content-Length: 2000\r\n\r\n${'x'.repeat(1500)}`)
    const status = async (path: string) => (await sendRequest(port, { path, headers: withSecret, body: 'x' })).status
    await until(async () => (await status('/telegram')) === 503)
    // Each function has its own limit.
    expect(await status('/status')).toBe(200)
    half.destroy()
    await until(async () => (await status('/telegram')) === 200)
  })
})

describe('limits', () => {
  test('forged requests beyond the limit per second are refused only after a pause; valid requests have no pause', async () => {
    // The pause is longer than the test, so that the refusals are still waiting at the end of the test.
    const { port } = await startListener('/', { promptRefusals: 0, refusalPauseMs: 3_600_000 })
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

    const other = await startListener('/', { promptRefusals: 1, refusalPauseMs: 1 })
    const statuses = Array.from(
      { length: 64 },
      async () => (await sendRequest(other.port, { path: '/telegram' })).status,
    )
    expect(new Set(await Promise.all(statuses))).toEqual(new Set([401]))
  })

  test('a connection that sends many requests without waiting for the responses is closed', async () => {
    const { port } = await startListener('/', { promptRefusals: 0, refusalPauseMs: 3_600_000 })
    const forged = 'POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
    expect(await sendBytes(port, forged.repeat(50))).toBe('')
  })

  test('more than 100 headers, or more than 16 kB of headers, are refused with 431', async () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`x-${at}`, '1']))
    expect((await post('/telegram', { headers: { ...withSecret, ...many } })).status).toBe(431)
    const long = await sendBytes(
      listener.port,
      `POST /telegram HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    )
    expect(statusOf(long)).toBe(431)
    expect(reached).toEqual([])
  })

  test('beyond the limit of idle connections, a new connection closes the oldest one', async () => {
    const { port } = await startListener('/', { waitingConnections: 20 })
    const idle = Array.from({ length: 30 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    await until(() => idle.filter(({ destroyed }) => destroyed).length >= 10, { what: 'ten closed connections' })
    for (let n = 0; n < 5; n++)
      expect((await sendRequest(port, { path: '/telegram', headers: withSecret })).status).toBe(200)
    for (const socket of idle) socket.destroy()
  })
})

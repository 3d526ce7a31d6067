import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { startSink } from '#test/support/function-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import { addPaths, type HeartbeatProcess, pingCounts, startHeartbeatProcess } from './process-support.ts'
import { chatId, heartbeatDatabase } from './support.ts'

const database = heartbeatDatabase()
let sink: Awaited<ReturnType<typeof startSink>>
let function_: HeartbeatProcess
let path: string

beforeAll(async () => {
  sink = await startSink()
  function_ = await startHeartbeatProcess({ databaseUrl: database.url, sink: sink.url, logLevel: 'debug' })
})
afterAll(async () => {
  await function_?.stop()
  await sink?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  ;[path] = (await addPaths(database.db, 1)) as [string]
})

const request = (
  method: string,
  more: { path?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
) => sendRequest(function_.port, { method, path, ...more })
const stored = async () => (await pingCounts(database.db))[0]

/** Opens a connection, sends the text, and collects what comes back. */
const rawConnection = async (text: string) => {
  const socket: Socket = connect(function_.port, '127.0.0.1').setEncoding('latin1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const received = { text: '' }
  socket.on('data', (part: string) => {
    received.text += part
  })
  socket.write(text)
  return { socket, received }
}

describe('a request', () => {
  test.each(['GET', 'HEAD', 'POST'])('with %s is a ping', async method => {
    expect((await request(method)).status).toBe(200)
    expect(await stored()).toBe(1)
  })

  test.each(['OPTIONS', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'])(
    'with %s is none, and is told what is allowed',
    async method => {
      expect(await request(method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST' } })
      expect(await stored()).toBe(0)
    },
  )

  test('that announces or has a body over 1 MiB is refused and is no ping', async () => {
    expect((await request('POST', { body: Buffer.alloc(2 * 1024 * 1024) })).status).toBe(413)
    const chunked = await rawConnection(`POST ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`)
    for (let n = 0; n < 20; n++) chunked.socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`)
    await until(() => chunked.received.text.startsWith('HTTP/1.1 413'), { what: 'the refusal' })
    chunked.socket.destroy()
    expect(await stored()).toBe(0)
  })

  test.each([
    ['two lengths', 'content-length: 1\r\ncontent-length: 2\r\n\r\nx'],
    ['a length and chunks', 'content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a negative length', 'content-length: -1\r\n\r\n'],
    ['headers of 100 kB', `x: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('with %s is refused, and its connection is closed', async (_, rest) => {
    const { socket, received } = await rawConnection(`POST ${path} HTTP/1.1\r\nhost: a\r\n${rest}`)
    await until(() => socket.closed, { what: 'the end of the connection' })
    expect(received.text).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(await stored()).toBe(0)
  })

  test('whose sender closes the connection before the end of the body is no ping', async () => {
    const { socket } = await rawConnection(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf`)
    socket.destroy()
    expect((await request('GET')).status).toBe(200)
    expect(await stored()).toBe(1)
  })
})

test('hundreds of connections that send nothing, or a body byte by byte, do not delay other pings', async () => {
  const heads = ['', `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n`, 'GET / HTTP/1.1\r\nx: ']
  const slow = await Promise.all(Array.from({ length: 300 }, (_, n) => rawConnection(heads[n % heads.length]!)))
  for (let n = 0; n < 20; n++) {
    for (const { socket } of slow) socket.write('a')
    expect((await request('GET')).status).toBe(200)
  }
  for (const { socket } of slow) socket.destroy()
  expect(await stored()).toBe(20)
})

test('of long bodies that never end, only the part that a log keeps is in memory', async () => {
  const before = await function_.usedBytes()
  const head = `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n`
  const slow = await Promise.all(Array.from({ length: 100 }, () => rawConnection(head)))
  const part = Buffer.alloc(990_000, 'x')
  await Promise.all(slow.map(({ socket }) => new Promise(resolve => socket.write(part, resolve))))
  // An answer shows that the function has read what came before, apart from what is in the buffers of the sockets.
  for (let n = 0; n < 5; n++) expect((await request('GET')).status).toBe(200)
  expect((await function_.usedBytes()) - before).toBeLessThan(20 * 1024 * 1024)
  for (const { socket } of slow) socket.write(Buffer.alloc(10_000, 'x'))
  await until(() => slow.every(({ received }) => received.text.startsWith('HTTP/1.1 200')), { what: 'the answers' })
  for (const { socket } of slow) socket.destroy()
  const { rows } = await database.db.query(
    'select distinct length(log) as length from heartbeat_ping where log is not null',
  )
  expect(rows).toEqual([{ length: 10_000 }])
})

test('pings that are sent in one packet are answered in their order, and each counts', async () => {
  const one = (suffix: string) => `GET ${path}${suffix} HTTP/1.1\r\nhost: a\r\n\r\n`
  const { socket, received } = await rawConnection(one('/start') + one('/999') + one('') + one('/log'))
  await until(() => received.text.split('HTTP/1.1 ').length === 5, { what: 'four responses' })
  socket.destroy()
  expect(received.text.match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual(['200', '400', '200', '200'])
  const { rows } = await database.db.query<{ monitorId: number }>('select monitor_id as "monitorId" from heartbeat')
  const pings = await heartbeatsIn(database.db).lastPings(rows[0]!.monitorId, 5)
  expect(pings.map(({ action }) => action)).toEqual(['log', 'success', 'start'])
})

test('no token and no key is in the log or in an answer, whatever is wrong with the request', async () => {
  const key = await heartbeatsIn(database.db).keyOf(chatId)
  const token = path.slice('/ping/'.length)
  const before = function_.log().length
  const paths = [
    token,
    `${key}/job-0`,
    `/${token}`,
    `${token.replaceAll('-', '%2D')}`,
    `${key}/UPPER`,
    `${token}/999`,
    `${token}/a/b`,
  ]
  const bodies: string[] = []
  for (const each of paths)
    for (const method of ['GET', 'PUT'])
      bodies.push((await request(method, { path: `/ping/${each}?rid=none`, headers: { referer: path } })).body)
  bodies.push((await request('POST', { body: Buffer.alloc(2 * 1024 * 1024) })).body)
  const written = () => function_.log().slice(before)
  await until(() => written().includes('413'), { what: 'the line about the last request' })
  expect(written().split('\n').length).toBeGreaterThan(paths.length)
  for (const text of [written(), ...bodies]) {
    expect(text).not.toContain(token.slice(0, 8))
    expect(text).not.toContain(key)
  }
})

import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import type { FunctionDefinition } from '#functions/host/function-definition.ts'
import { type ReadGate, readGate } from '#functions/host/read-gate.ts'
import { freePort } from '#infra/net/free-port.ts'
import { startFunction } from '#test/support/function-server.ts'
import { until } from '#test/support/until.ts'

const requests = 20_000
const connections = 4

/** Opens a connection and counts the responses that arrive on it. */
const open = async (port: number) => {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const received = { text: '', responses: 0 }
  socket.on('data', (text: string) => {
    received.text += text
    received.responses = received.text.split('HTTP/1.1 200').length - 1
  })
  return { socket, received }
}

/** A function that counts its requests and answers them when the gate opens. */
const waitingFunction = () => {
  const opened = Promise.withResolvers<void>()
  const seen = { requests: 0 }
  const definition: FunctionDefinition = {
    name: 'waiting',
    http: {
      direct: true,
      handle: async ({ path }) => {
        seen.requests++
        if (path === '/') await opened.promise
        return { status: 200, body: path }
      },
    },
  }
  return { definition, seen, open: opened.resolve }
}

test('a function that is direct reads no more than a few thousand pipelined requests, and answers all of them later', async () => {
  const waiting = waitingFunction()
  await using function_ = await startFunction(waiting.definition)
  expect((await function_.request({ method: 'GET', path: '/first' })).body).toBe('/first')
  const clients = await Promise.all(Array.from({ length: connections }, () => open(function_.port)))
  for (const { socket } of clients)
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(requests / connections), 'latin1')
  await until(() => waiting.seen.requests > 2_000, { what: 'the limit' })
  // A part of the data may have been read before the limit was reached: 64 KiB of a connection.
  expect(waiting.seen.requests).toBeLessThan(2_000 + 65_536 / 28 + 1)
  waiting.open()
  const answered = () => clients.reduce((sum, { received }) => sum + received.responses, 0)
  await until(() => answered() === requests, { what: 'all responses', timeoutMs: 60_000 })
  for (const { socket } of clients) socket.destroy()
})

test('a client whose request has just begun is not closed with those that never read their responses', () => {
  vi.useFakeTimers()
  try {
    const [stuck, slow, late] = [new Socket(), new Socket(), new Socket()]
    const gate = readGate({ max: 2, stuckMs: 1_000 })
    for (const socket of [stuck, slow, late]) gate.opened(socket)
    for (const socket of [stuck, slow, slow]) gate.began(socket)
    vi.advanceTimersByTime(900)
    gate.ended(slow)
    gate.began(late)
    vi.advanceTimersByTime(400)
    expect([stuck, slow, late].map(({ destroyed }) => destroyed)).toEqual([true, false, false])
    vi.advanceTimersByTime(1_000)
    expect([slow, late].map(({ destroyed }) => destroyed)).toEqual([true, true])
  } finally {
    vi.useRealTimers()
  }
})

test('a client that never reads its responses is closed, and the others are read again', async () => {
  let gate: ReadGate | undefined
  const received: string[] = []
  const server = createServer(socket => {
    gate!.opened(socket)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      received.push(chunk.toString())
      gate!.began(socket)
      // Only the second client reads its response.
      if (chunk.toString() === 'reader') gate!.ended(socket)
      else socket.once('close', () => gate!.ended(socket))
    })
  })
  gate = readGate({ max: 1, stuckMs: 50 })
  const port = await freePort()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const stuck: Socket = connect(port, '127.0.0.1')
  stuck.on('error', () => {})
  stuck.resume()
  await once(stuck, 'connect')
  stuck.write('stuck')
  await until(() => received.includes('stuck'), { what: 'the first request' })
  const reader = connect(port, '127.0.0.1')
  reader.write('reader')
  await until(() => received.includes('reader'), { what: 'the second request' })
  await until(() => stuck.closed, { what: 'the end of the first connection' })
  reader.destroy()
  await new Promise(resolve => server.close(resolve))
})

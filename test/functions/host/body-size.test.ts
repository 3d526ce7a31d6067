import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { repeated, sendUntilResponse } from '#test/functions/dial/support/raw.ts'
import { binaryEventHeaders, startFunction } from '#test/support/function-server.ts'
import { follow, followed, recorder } from './support.ts'

describe('the size of a body', () => {
  const text = (bytes: number) =>
    JSON.stringify({ ...follow, padding: 'x'.repeat(bytes - JSON.stringify({ ...follow, padding: '' }).length) })

  test('of 1 MiB is taken', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    expect(await function_.ask({ headers: binaryEventHeaders(followed), body: text(1024 * 1024) })).toMatchObject({
      status: 204,
    })
    expect(events).toHaveLength(1)
  })

  test('of a byte more is refused with 413, announced or not', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    const body = text(1024 * 1024 + 1)
    expect(await function_.ask({ headers: binaryEventHeaders(followed), body })).toMatchObject({ status: 413 })
    expect(
      await function_.ask({ headers: { ...binaryEventHeaders(followed), 'transfer-encoding': 'chunked' }, body }),
    ).toMatchObject({ status: 413 })
    expect(events).toEqual([])
  })

  test.each([
    ['announced', 'Content-Length: 3145728', 'x'.repeat(65_536)],
    ['in chunks', 'Transfer-Encoding: chunked', `10000\r\n${'x'.repeat(65_536)}\r\n`],
  ])('of 3 MiB gets its 413 while the sender is still writing: %s', async (_, how, piece) => {
    await using function_ = await startFunction(recorder().definition)
    const headers = Object.entries(binaryEventHeaders(followed)).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `POST / HTTP/1.1\r\nHost: x\r\n${headers.join('')}${how}\r\n\r\n`
    expect(await sendUntilResponse(function_.port, head, repeated(48, piece))).toBe(413)
  })

  test('of a stranger is not asked for, and the refusal reaches one who sends it all the same', async () => {
    const handle = async () => ({ status: 200 })
    await using function_ = await startFunction({ name: 'door', http: { admit: () => 401, handle } })
    await using open = await startFunction({ name: 'open', http: { handle } })
    const head = (bytes: number, more = '') => `POST / HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${bytes}\r\n\r\n`
    const waiting = (port: number, bytes: number) =>
      sendUntilResponse(port, head(bytes, 'Expect: 100-continue\r\n'), () => undefined)
    expect(await sendUntilResponse(function_.port, head(3_145_728), repeated(48, 'x'.repeat(65_536)))).toBe(401)
    expect(await waiting(function_.port, 5)).toBe(401)
    expect(await waiting(open.port, 3_145_728)).toBe(413)
    expect(await waiting(open.port, 5)).toBe(100)
  })

  test('that is announced too large is refused before it is sent', async () => {
    await using function_ = await startFunction(recorder().definition)
    const asking = request({
      port: function_.port,
      host: '127.0.0.1',
      method: 'POST',
      headers: { ...binaryEventHeaders(followed), 'content-length': 2 ** 30 },
    })
    asking.on('error', () => {})
    asking.flushHeaders()
    const [response] = await once(asking, 'response')
    expect(response.statusCode).toBe(413)
    asking.destroy()
  })

  test('that stops half-way disturbs nobody', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    const socket = connect(function_.port, '127.0.0.1')
    socket.on('error', () => {})
    const headers = Object.entries(binaryEventHeaders(followed)).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\n${headers.join('')}content-length: 100\r\n\r\n{"chatId"`)
    expect(await function_.send(followed, follow)).toMatchObject({ status: 204 })
    socket.destroy()
    expect(await function_.send(followed, follow)).toMatchObject({ status: 204 })
    expect(events).toHaveLength(2)
    expect(function_.logged().map(({ outcome }) => outcome)).toEqual(['done', 'done'])
  })

  test('in a content coding is refused rather than misread', async () => {
    await using function_ = await startFunction(recorder().definition)
    expect(
      await function_.ask({ headers: { ...binaryEventHeaders(followed), 'content-encoding': 'gzip' }, body: 'x' }),
    ).toMatchObject({ status: 415 })
  })
})

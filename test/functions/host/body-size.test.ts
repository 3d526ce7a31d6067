import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { repeated, sendUntilResponse } from '#test/functions/dial/support/raw.ts'
import { binaryEventHeaders, startFunction } from '#test/support/function-server.ts'
import { follow, followed, recorder } from './support.ts'

describe('a request body', () => {
  const text = (bytes: number) =>
    JSON.stringify({ ...follow, padding: 'x'.repeat(bytes - JSON.stringify({ ...follow, padding: '' }).length) })

  test('of 1 MiB is accepted', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    expect(await function_.request({ headers: binaryEventHeaders(followed), body: text(1024 * 1024) })).toMatchObject({
      status: 204,
    })
    expect(events).toHaveLength(1)
  })

  test('of 1 MiB and one byte is refused with 413, with and without Content-Length', async () => {
    const { events, definition } = recorder()
    await using function_ = await startFunction(definition)
    const body = text(1024 * 1024 + 1)
    expect(await function_.request({ headers: binaryEventHeaders(followed), body })).toMatchObject({ status: 413 })
    expect(
      await function_.request({ headers: { ...binaryEventHeaders(followed), 'transfer-encoding': 'chunked' }, body }),
    ).toMatchObject({ status: 413 })
    expect(events).toEqual([])
  })

  test('of which a rule wants only the beginning is cut there, and one over 1 MiB is refused nevertheless', async () => {
    const bodies: string[] = []
    const handle = async ({ body }: { body: Buffer }) => {
      bodies.push(body.toString())
      return { status: 200 }
    }
    await using function_ = await startFunction({ name: 'short', http: { handle, keptBodyBytes: 4 } })
    for (const body of ['', 'abcd', 'abcde', `abcd${'x'.repeat(1024 * 1024 - 4)}`])
      expect(await function_.request({ body })).toMatchObject({ status: 200 })
    expect(await function_.request({ body: 'x'.repeat(1024 * 1024 + 1) })).toMatchObject({ status: 413 })
    expect(bodies).toEqual(['', 'abcd', 'abcd', 'abcd'])
  })

  test.each([
    ['with Content-Length', 'Content-Length: 3145728', 'x'.repeat(65_536)],
    ['in chunks', 'Transfer-Encoding: chunked', `10000\r\n${'x'.repeat(65_536)}\r\n`],
  ])('of 3 MiB is refused with 413 while the client still sends it: %s', async (_, how, piece) => {
    await using function_ = await startFunction(recorder().definition)
    const headers = Object.entries(binaryEventHeaders(followed)).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `POST / HTTP/1.1\r\nHost: x\r\n${headers.join('')}${how}\r\n\r\n`
    expect(await sendUntilResponse(function_.port, head, repeated(48, piece))).toBe(413)
  })

  test('of a request that is not admitted is not read, and the refusal reaches a client that sends the body anyway', async () => {
    const handle = async () => ({ status: 200 })
    await using function_ = await startFunction({ name: 'closed', http: { admit: () => 401, handle } })
    await using open = await startFunction({ name: 'open', http: { handle } })
    const head = (bytes: number, more = '') => `POST / HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${bytes}\r\n\r\n`
    const withExpectContinue = (port: number, bytes: number) =>
      sendUntilResponse(port, head(bytes, 'Expect: 100-continue\r\n'), () => undefined)
    expect(await sendUntilResponse(function_.port, head(3_145_728), repeated(48, 'x'.repeat(65_536)))).toBe(401)
    expect(await withExpectContinue(function_.port, 5)).toBe(401)
    expect(await withExpectContinue(open.port, 3_145_728)).toBe(413)
    expect(await withExpectContinue(open.port, 5)).toBe(100)
  })

  test('whose Content-Length is too large is refused before the client sends it', async () => {
    await using function_ = await startFunction(recorder().definition)
    const clientRequest = request({
      port: function_.port,
      host: '127.0.0.1',
      method: 'POST',
      headers: { ...binaryEventHeaders(followed), 'content-length': 2 ** 30 },
    })
    clientRequest.on('error', () => {})
    clientRequest.flushHeaders()
    const [response] = await once(clientRequest, 'response')
    expect(response.statusCode).toBe(413)
    clientRequest.destroy()
  })

  test('that never arrives completely does not block other requests', async () => {
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
    expect(function_.logged().map(line => line['vigia.outcome'])).toEqual(['done', 'done'])
  })

  test('with a Content-Encoding is refused with 415', async () => {
    await using function_ = await startFunction(recorder().definition)
    expect(
      await function_.request({ headers: { ...binaryEventHeaders(followed), 'content-encoding': 'gzip' }, body: 'x' }),
    ).toMatchObject({ status: 415 })
  })
})

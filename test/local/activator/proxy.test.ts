import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Activator } from '#local/activator/activator.ts'
import { repeated, sendUntilResponse } from '#test/functions/dial/support/raw.ts'
import { gate, report, startActivator } from '#test/local/activator/support/activator.ts'
import { until } from '#test/support/until.ts'

describe('the proxy', () => {
  let server: Server
  const listen = async (activator: Activator) => {
    server = createServer((request, response) => void activator.proxy('echo', request, response))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  test('forwards method, path, headers, body and status', async () => {
    const origin = await listen(startActivator())
    const answer = await fetch(`${origin}/status?code=418`, { method: 'PUT', body: 'olá', headers: { 'x-mine': '1' } })
    expect(answer.status).toBe(418)
    const { method, received, headers } = (await answer.json()) as {
      method: string
      received: string
      headers: Record<string, string>
    }
    expect(method).toBe('PUT')
    expect(received).toBe('olá')
    expect(headers['x-mine']).toBe('1')
    expect(headers.connection).not.toBe('close')
  })

  test('a large body is forwarded in both directions', async () => {
    const origin = await listen(startActivator())
    const body = 'x'.repeat(3_000_000)
    const { received } = (await (await fetch(origin, { method: 'POST', body })).json()) as { received: string }
    expect(received.length).toBe(body.length)
  })

  test.each([
    ['Content-Length', 'Content-Length: 3145728', repeated(48, 'x'.repeat(65_536))],
    ['chunked encoding', 'Transfer-Encoding: chunked', repeated(48, `10000\r\n${'x'.repeat(65_536)}\r\n`)],
  ])(
    'a response that a function sends before it reads the body reaches a client that is still writing: %s',
    async (_, lengthHeader, body) => {
      const activator = startActivator()
      await listen(activator)
      const { port } = server.address() as AddressInfo
      expect(await sendUntilResponse(port, `POST /early HTTP/1.1\r\nHost: x\r\n${lengthHeader}\r\n\r\n`, body)).toBe(
        413,
      )
      await until(() => report(activator).replicas[0]?.inFlight === 0)
    },
  )

  test('if a function closes the connection in the middle of a body, a client that is still writing gets 502', async () => {
    await listen(startActivator())
    const { port } = server.address() as AddressInfo
    const head = 'POST /hang-up HTTP/1.1\r\nHost: x\r\nContent-Length: 3145728\r\n\r\n'
    expect(await sendUntilResponse(port, head, repeated(48, 'x'.repeat(65_536)))).toBe(502)
  })

  test('a request whose client disconnects in the middle of the body is no longer in flight', async () => {
    const activator = startActivator()
    await listen(activator)
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
    await until(() => report(activator).replicas[0]?.inFlight === 1)
    socket.destroy()
    await until(() => report(activator).replicas[0]?.inFlight === 0)
  })

  test('a failure is answered without details if the request came from the internet', async () => {
    const activator = startActivator({}, { BROKEN: '1' })
    server = createServer(
      (request, response) => void activator.proxy('echo', request, response, { path: '/x', body: Buffer.alloc(0) }),
    )
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect([answer.status, await answer.text()]).toEqual([503, ''])
  })

  test('a request whose client disconnects before the response is no longer in flight', async () => {
    const activator = startActivator()
    const origin = await listen(activator)
    const { path, open } = gate()
    const left = new AbortController()
    const request = fetch(origin + path, { signal: left.signal }).catch(error => error)
    await until(() => report(activator).replicas[0]?.inFlight === 1)
    left.abort()
    await request
    await until(() => report(activator).replicas[0]?.inFlight === 0)
    open()
    expect((await fetch(origin)).status).toBe(200)
  })

  test('a request that takes longer than timeoutSeconds is answered with 504', async () => {
    const origin = await listen(startActivator({ timeoutMs: 1000 }))
    const { path, open } = gate()
    expect((await fetch(origin + path)).status).toBe(504)
    open()
  })

  test('a request gets 502 if the function breaks the connection, and 503 if the function cannot start', async () => {
    const origin = await listen(startActivator())
    expect((await fetch(`${origin}/exit`)).status).toBe(502)
    server.close()
    const broken = await listen(startActivator({}, { BROKEN: '1' }))
    const answer = await fetch(broken)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
  })
})

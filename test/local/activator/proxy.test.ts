import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Activator } from '#local/activator/activator.ts'
import { repeated, sendUntilResponse } from '#test/functions/dial/support/raw.ts'
import { gate, report, started } from '#test/local/activator/support/activator.ts'
import { until } from '#test/support/until.ts'

describe('the proxy', () => {
  let server: Server
  const listen = async (one: Activator) => {
    server = createServer((request, response) => void one.proxy('echo', request, response))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  test('hands on method, path, headers, body and status', async () => {
    const origin = await listen(started())
    const answer = await fetch(`${origin}/status?code=418`, { method: 'PUT', body: 'olá', headers: { 'x-mine': '1' } })
    expect(answer.status).toBe(418)
    const { got, headers } = (await answer.json()) as { got: string; headers: Record<string, string> }
    expect(got).toBe('olá')
    expect(headers['x-mine']).toBe('1')
    expect(headers.connection).not.toBe('close')
  })

  test('a large body passes through both ways', async () => {
    const origin = await listen(started())
    const body = 'x'.repeat(3_000_000)
    const { got } = (await (await fetch(origin, { method: 'POST', body })).json()) as { got: string }
    expect(got.length).toBe(body.length)
  })

  test.each([
    ['an announced length', 'Content-Length: 3145728', repeated(48, 'x'.repeat(65_536))],
    ['chunks', 'Transfer-Encoding: chunked', repeated(48, `10000\r\n${'x'.repeat(65_536)}\r\n`)],
  ])('the answer of a function that wants no body reaches a client that is still writing: %s', async (_, how, body) => {
    const one = started()
    await listen(one)
    const { port } = server.address() as AddressInfo
    expect(await sendUntilResponse(port, `POST /early HTTP/1.1\r\nHost: x\r\n${how}\r\n\r\n`, body)).toBe(413)
    await until(() => report(one).replicas[0]?.inFlight === 0)
  })

  test('a function that hangs up in the middle of a body is a 502 to a client that is still writing', async () => {
    await listen(started())
    const { port } = server.address() as AddressInfo
    const head = 'POST /hang-up HTTP/1.1\r\nHost: x\r\nContent-Length: 3145728\r\n\r\n'
    expect(await sendUntilResponse(port, head, repeated(48, 'x'.repeat(65_536)))).toBe(502)
  })

  test('a client that leaves in the middle of its body frees its place', async () => {
    const one = started()
    await listen(one)
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
    await until(() => report(one).replicas[0]?.inFlight === 1)
    socket.destroy()
    await until(() => report(one).replicas[0]?.inFlight === 0)
  })

  test('a stranger learns nothing of the inside from a failure', async () => {
    const one = started({}, { BROKEN: '1' })
    server = createServer(
      (request, response) => void one.proxy('echo', request, response, { path: '/x', body: Buffer.alloc(0) }),
    )
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect([answer.status, await answer.text()]).toEqual([503, ''])
  })

  test('a client that leaves frees its place', async () => {
    const one = started()
    const origin = await listen(one)
    const { path, open } = gate()
    const left = new AbortController()
    const request = fetch(origin + path, { signal: left.signal }).catch(error => error)
    await until(() => report(one).replicas[0]?.inFlight === 1)
    left.abort()
    await request
    await until(() => report(one).replicas[0]?.inFlight === 0)
    open()
    expect((await fetch(origin)).status).toBe(200)
  })

  test('one that takes longer than its timeoutSeconds answers 504', async () => {
    const origin = await listen(started({ timeoutMs: 1000 }))
    const { path, open } = gate()
    expect((await fetch(origin + path)).status).toBe(504)
    open()
  })

  test('a function that breaks the connection is a 502, one that cannot start a 503', async () => {
    const origin = await listen(started())
    expect((await fetch(`${origin}/exit`)).status).toBe(502)
    server.close()
    const broken = await listen(started({}, { BROKEN: '1' }))
    const answer = await fetch(broken)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
  })
})

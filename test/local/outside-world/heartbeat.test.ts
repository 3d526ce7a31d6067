import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { readEnvironment } from '#local/environment.ts'
import { startHeartbeat } from '#local/outside-world/heartbeat.ts'
import { until } from '#test/support/until.ts'

let server: Server | undefined
let stop = () => {}
afterEach(() => {
  stop()
  server?.closeAllConnections()
  server?.close()
})

/** A server that answers with `status` (0 closes the connection) and records requests. `/moved` redirects. */
const listening = async (status: () => number) => {
  const got: string[] = []
  server = createServer((request, response) => {
    got.push(`${request.method} ${request.url}`)
    if (request.url === '/moved') response.writeHead(302, { location: '/ping/secret' }).end()
    else if (status() === 0) request.socket.destroy()
    else response.writeHead(status()).end()
  })
  await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve))
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const start = (url: string, look: () => string[], warnings: string[] = [], more = {}) => {
  stop = startHeartbeat({
    url,
    check: async () => look(),
    warn: words => warnings.push(words),
    everyMs: 1,
    ...more,
  }).stop
}

test('while Vigia is ready, HEARTBEAT_URL gets a GET regularly, also on a private address', async () => {
  const { got, url } = await listening(() => 200)
  start(`${url}/ping/secret`, () => [])
  await until(() => got.length >= 3)
  expect(new Set(got)).toEqual(new Set(['GET /ping/secret']))
})

test('while Vigia is not ready, HEARTBEAT_URL gets no request', async () => {
  const { got, url } = await listening(() => 200)
  const looks: number[] = []
  let well = false
  start(url, () => {
    looks.push(got.length)
    return well ? [] : ['PostgreSQL']
  })
  await until(() => looks.length >= 5)
  expect(got).toEqual([])
  well = true
  await until(() => got.length > 0)
})

test('redirects are followed', async () => {
  const { got, url } = await listening(() => 200)
  start(`${url}/moved`, () => [])
  await until(() => got.includes('GET /ping/secret'))
})

test('failures are reported once when they begin, without the URL, and the requests continue', async () => {
  let status = 500
  const { got, url } = await listening(() => status)
  const warnings: string[] = []
  start(`${url}/ping/secret`, () => [], warnings)
  await until(() => got.length >= 3)
  status = 200
  const healthyAt = got.length
  await until(() => got.length >= healthyAt + 3)
  status = 0
  await until(() => warnings.length === 2)
  expect(warnings[0]).toBe('HEARTBEAT_URL answered 500; Vigia tries it again every minute')
  expect(warnings[1]).toMatch(/^HEARTBEAT_URL failed \(\w+\); Vigia tries it again every minute$/)
  expect(warnings.join()).not.toMatch(/secret|127\.0\.0\.1/)
})

test('a request to a server that never answers ends after a timeout', async () => {
  server = createServer(() => {})
  await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve))
  const warnings: string[] = []
  start(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, () => [], warnings, { timeoutMs: 5 })
  await until(() => warnings.length > 0)
  expect(warnings[0]).toContain('gave no answer within')
})

test('an invalid URL is refused at the start, and the message does not contain it', () => {
  expect(readEnvironment({ HEARTBEAT_URL: 'ftp://user:secret@example.org' })).toEqual([
    'HEARTBEAT_URL should begin with https:// or http://',
  ])
  expect(readEnvironment({ HEARTBEAT_URL: 'https://hc-ping.com/secret' })).toMatchObject({
    heartbeatUrl: 'https://hc-ping.com/secret',
  })
})

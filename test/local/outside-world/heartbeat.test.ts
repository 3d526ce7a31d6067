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
  const requests: string[] = []
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (request.url === '/moved') response.writeHead(302, { location: '/ping/secret' }).end()
    else if (status() === 0) request.socket.destroy()
    else response.writeHead(status()).end()
  })
  await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve))
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const start = (url: string, faultsNow: () => string[], warnings: string[] = [], more = {}) => {
  stop = startHeartbeat({
    url,
    check: async () => faultsNow(),
    warn: words => warnings.push(words),
    everyMs: 1,
    ...more,
  }).stop
}

test('while Vigia is ready, HEARTBEAT_URL gets a GET regularly, even on a private address', async () => {
  const { requests, url } = await listening(() => 200)
  start(`${url}/ping/secret`, () => [])
  await until(() => requests.length >= 3)
  expect(new Set(requests)).toEqual(new Set(['GET /ping/secret']))
})

test('while Vigia is not ready, HEARTBEAT_URL gets no request', async () => {
  const { requests, url } = await listening(() => 200)
  const requestsAtCheck: number[] = []
  let isReady = false
  start(url, () => {
    requestsAtCheck.push(requests.length)
    return isReady ? [] : ['PostgreSQL']
  })
  await until(() => requestsAtCheck.length >= 5)
  expect(requests).toEqual([])
  isReady = true
  await until(() => requests.length > 0)
})

test('redirects are followed', async () => {
  const { requests, url } = await listening(() => 200)
  start(`${url}/moved`, () => [])
  await until(() => requests.includes('GET /ping/secret'))
})

test('failures are reported once when they begin, without the URL, and the requests continue', async () => {
  let status = 500
  const { requests, url } = await listening(() => status)
  const warnings: string[] = []
  start(`${url}/ping/secret`, () => [], warnings)
  await until(() => requests.length >= 3)
  status = 200
  const healthyAt = requests.length
  await until(() => requests.length >= healthyAt + 3)
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

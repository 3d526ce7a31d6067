import { describe, expect, test } from 'vitest'
import { pageDomains } from '#local/http/page-domains.ts'
import { listener, post, reached } from '#test/local/http/support/public-listener.ts'
import { sendRequest } from '#test/support/http.ts'

const get = (path: string, host: string) => sendRequest(listener.port, { method: 'GET', path, headers: { Host: host } })

describe('the domain of a status page', () => {
  test.each(['/', '/?range=24h', '/42', '/feed.rss', '/status/acme'])('reaches status-page at %s', async path => {
    expect((await get(path, 'status.acme.test')).status).toBe(200)
    expect(reached).toEqual([`status-page GET ${path}`])
  })

  test.each(['//', '/../api', '/x/%2e%2e/api', '/%00', '*'])('reaches nothing at %s', async path => {
    expect((await get(path, 'status.acme.test')).status).toBe(404)
    expect(reached).toEqual([])
  })

  test('does not open the functions that need a secret, and takes no events', async () => {
    expect((await get('/telegram', 'status.acme.test')).status).toBe(401)
    expect((await post('/', { headers: { Host: 'status.acme.test', 'ce-id': '1' } })).status).toBe(404)
    expect(reached).toEqual([])
  })

  test.each(['other.test', 'acme.test', 'status.acme.test.evil.test', 'localhost'])(
    'is not the host %s',
    async host => {
      expect((await get('/', host)).status).toBe(404)
      expect(reached).toEqual([])
    },
  )
})

test('the domains are read at most once in five seconds, and the last ones count while they cannot be read', async () => {
  let [now, reads, isDown] = [0, 0, false]
  const isPageDomain = pageDomains(
    async () => {
      reads++
      if (isDown) throw new Error('PostgreSQL is unavailable')
      return ['status.acme.test']
    },
    () => now,
  )
  const hosts = ['status.acme.test:8081', 'STATUS.acme.test', 'status.acme.test.', 'x.test', '[::1]', 'localhost', '']
  const found = await Promise.all(hosts.map(isPageDomain))
  expect([found, reads]).toEqual([[true, true, true, false, false, false, false], 1])
  now = 6_000
  isDown = true
  expect([await isPageDomain('status.acme.test'), reads]).toEqual([true, 2])
})

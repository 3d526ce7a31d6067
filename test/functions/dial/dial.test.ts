import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressGuard, safeDialler } from '#functions/dial/dial.ts'
import { type Lookup, nameLookup } from '#functions/dial/lookup.ts'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import { type NameServer, startNameServer } from '#test/functions/dial/support/name-server.ts'
import { answering, names, ok, open, openAddress, strict, testServers } from '#test/functions/dial/support/servers.ts'

const serve = testServers()

describe('a host name', () => {
  test('is looked up once for each request, so that the dialled address is the one that the guard accepted (DNS rebinding)', async () => {
    const victim = await serve(answering(ok))
    const site = await serve(answering(ok), openAddress)
    let lookups = 0
    const rebinding = safeDialler({
      guard: addressGuard(`${openAddress}/32`),
      lookup: async () => (lookups++ === 0 ? [openAddress] : ['127.0.0.1']),
    })
    const first = await rebinding.get(`http://rebind.test:${site.port}/`, { timeoutMs: 5_000 })
    expect(first).toMatchObject({ error: null, status: 200, address: openAddress })
    expect(lookups).toBe(1)
    const second = await rebinding.get(`http://rebind.test:${victim.port}/`, { timeoutMs: 5_000 })
    expect(second).toMatchObject({ error: 'private-address', address: null })
    expect(victim.seen.connections).toBe(0)
  })

  test('is reached at its second address at every attempt if the first address refuses', async () => {
    const site = await serve(answering(ok), openAddress)
    names['two.test'] = ['127.0.0.9', openAddress]
    const either = safeDialler({ guard: addressGuard('127.0.0.0/8'), lookup: async () => names['two.test']! })
    const url = `http://two.test:${site.port}/`
    for (const attemptIndex of [0, 1])
      expect(await either.get(url, { timeoutMs: 5_000, attemptIndex })).toMatchObject({
        ...{ error: null, address: openAddress, addresses: 2 },
      })
  })

  test('without an address gives the error dns', async () => {
    expect(await strict.get('http://unknown.test/', { timeoutMs: 5_000 })).toMatchObject({
      error: 'dns',
      contact: false,
    })
    names['empty.test'] = []
    expect(await strict.get('http://empty.test/', { timeoutMs: 5_000 })).toMatchObject({ error: 'dns' })
  })

  test('whose look-up never ends gives the error timeout', async () => {
    const stuck = safeDialler({ guard: addressGuard(), lookup: () => new Promise(() => {}) })
    expect(await stuck.get('http://slow.test/', { timeoutMs: 200 })).toMatchObject({ error: 'timeout', contact: false })
  })
})

describe('a name server', () => {
  let server: NameServer
  let lookup: Lookup
  beforeAll(async () => {
    server = await startNameServer({
      'both.test': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'] },
      'six.test': { aaaa: ['2001:db8::1'] },
      'none.test': {},
      'broken.test': { code: 2 },
      'silent.test': { silent: true },
    })
    lookup = nameLookup({ servers: [server.address], timeoutMs: 150 })
  })
  afterAll(() => server.stop())

  test('is asked for IPv6 addresses only if the name has no IPv4 address', async () => {
    expect(await lookup('both.test')).toEqual(['192.0.2.1', '192.0.2.2'])
    expect(server.queries).toEqual(['both.test A'])
    expect(await lookup('six.test')).toEqual(['2001:db8::1'])
  })

  test.each(['none.test', 'unknown.test', 'broken.test', 'silent.test'])(
    'that has no address for %s gives the error dns',
    async host => {
      const named = safeDialler({ guard: addressGuard(), lookup })
      expect(await named.get(`http://${host}/`, { timeoutMs: 5_000 })).toMatchObject({ error: 'dns', contact: false })
    },
  )
})

test('a request refuses compression, closes the connection and names its user agent', async () => {
  const site = await serve(answering(ok))
  await open.get(`http://x.test:${site.port}/a?b=c#d`, { timeoutMs: 5_000 })
  const [line, ...headers] = site.seen.heads[0]!.trimEnd().split('\r\n')
  expect(line).toBe('GET /a?b=c HTTP/1.1')
  expect(headers.map(header => header.toLowerCase()).sort()).toEqual([
    'accept-encoding: identity',
    'accept: */*',
    'connection: close',
    `host: x.test:${site.port}`,
    'user-agent: vigia (uptime check)',
  ])
})

test('a TCP check sends nothing', async () => {
  const site = await serve(() => {})
  const found = await open.tcpConnect(`tcp://x.test:${site.port}`, { timeoutMs: 5_000 })
  expect(found).toMatchObject({ error: null, status: null, contact: true })
  expect(site.seen).toMatchObject({ bytes: 0 })
})

test('a check measures the time of each phase', async () => {
  const site = await serve(answering(ok), '127.0.0.1', certificates.good)
  const found = await open.get(`https://good.test:${site.port}/`, { timeoutMs: 5_000 })
  const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = found
  const parts = [dnsMs, connectMs, tlsMs, firstByteMs].map(Number)
  expect(parts.every(ms => ms >= 0)).toBe(true)
  expect(parts.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(totalMs)
})

import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { addressGuard, safeDialler } from '#functions/dial/dial.ts'
import { hostNames } from '#functions/dial/hosts-file.ts'
import { nameLookup } from '#functions/dial/lookup.ts'
import { type NameServer, startNameServer } from '#test/functions/dial/support/name-server.ts'

let folder: string
let server: NameServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-names-'))
  server = await startNameServer({
    'home.example': { a: ['127.0.0.77'] },
    'broken.example': { code: 2 },
    'silent.example': { silent: true },
    'site.example': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
    'six.example': { aaaa: ['2001:db8::1'] },
    ...Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`silent${n}.example`, { silent: true }])),
  })
})
afterAll(async () => {
  server.stop()
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  server.queries.length = 0
  for (const file of ['hosts', 'nsswitch.conf', 'resolv.conf']) await rm(join(folder, file), { force: true })
})

const write = (file: string, text: string) => writeFile(join(folder, file), text)
const lookup = () => nameLookup({ servers: [server.address], timeoutMs: 300, hosts: hostNames(folder) })

describe('the hosts file', () => {
  test.each(['home.example', 'broken.example', 'silent.example', 'unknown.example'])(
    'takes precedence over the name server for %s',
    async host => {
      await write('hosts', `# ours\n127.0.0.1 localhost\n127.0.0.1\tfirst ${host.toUpperCase()}. # last\n`)
      expect(await lookup()(host)).toEqual(['127.0.0.1'])
      expect(await lookup()(host, 6)).toEqual([])
      expect(server.queries).toEqual([])
    },
  )

  test('may have several addresses of both families for a name', async () => {
    await write('hosts', '::1 two.example\n10.0.0.2 two.example\r\n10.0.0.3 x two.example\nfe80::1%eth0 two.example\n')
    const find = lookup()
    expect(await find('two.example')).toEqual(['10.0.0.2', '10.0.0.3'])
    expect(await find('two.example', 6)).toEqual(['::1', 'fe80::1%eth0'])
  })

  test('is read again when it has changed', async () => {
    await write('hosts', '10.0.0.1 home.example')
    const find = lookup()
    expect(await find('home.example')).toEqual(['10.0.0.1'])
    await write('hosts', '10.0.0.2 home.example home2.example')
    await vi.waitFor(async () => expect(await find('home.example')).toEqual(['10.0.0.2']), { timeout: 60_000 })
  })

  test('does not make a private address allowed, because its addresses are checked too', async () => {
    await write('hosts', '127.0.0.1 home.example\n169.254.169.254 meta.example\n')
    const dialler = safeDialler({ guard: addressGuard(), lookup: lookup() })
    for (const host of ['home.example', 'meta.example'])
      expect(await dialler.get(`http://${host}/`, { timeoutMs: 5_000 })).toMatchObject({ error: 'private-address' })
  })

  test('may be missing', async () => {
    expect(await lookup()('home.example')).toEqual(['127.0.0.77'])
  })
})

describe('the order of nsswitch.conf', () => {
  test.each([
    'hosts: files dns',
    'hosts:\tfiles mdns4_minimal [NOTFOUND=return] dns myhostname # usual',
    'passwd: files',
  ])('with %j means the hosts file, then the name servers', async line => {
    await write('nsswitch.conf', `passwd: files\n${line}\n`)
    const names = hostNames(folder)
    expect(names.needsSystem('site.example')).toBe(false)
    expect(await lookup()('site.example')).toEqual(['192.0.2.1'])
  })

  test.each([
    'hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns',
    ...['hosts: dns files', 'hosts: files', 'hosts: files ldap dns', 'hosts: files wins dns'],
  ])('with %j is left to the resolver of the operating system', async line => {
    await write('nsswitch.conf', line)
    await write('hosts', '10.0.0.1 home.example')
    const names = hostNames(folder)
    expect([names.needsSystem('site.example'), names.addressesOf('home.example')]).toEqual([true, undefined])
  })

  test.each(['intranet', 'printer.local'])(
    'leaves %s to the operating system, because it may need a search domain or mDNS',
    host => {
      expect(hostNames(folder).needsSystem(host)).toBe(true)
    },
  )
})

test('concurrent look-ups of a name share one query, and a later look-up sends a new one', async () => {
  const find = lookup()
  await Promise.all(Array.from({ length: 50 }, () => find('site.example')))
  expect(server.queries).toEqual(['site.example A'])
  await vi.waitFor(
    async () => {
      await find('site.example')
      expect(server.queries).toEqual(['site.example A', 'site.example A'])
    },
    { timeout: 60_000 },
  )
})

test('a failed look-up is not cached', async () => {
  const find = lookup()
  for (const _ of [1, 2]) await expect(find('broken.example')).rejects.toThrow()
  expect(new Set(server.queries)).toEqual(new Set(['broken.example A']))
  expect(server.queries.length).toBeGreaterThan(1)
})

test('a hundred unanswered look-ups do not delay another look-up', async () => {
  const find = lookup()
  const silent = Array.from({ length: 100 }, (_, n) => find(`silent${n}.example`))
  const ended = Promise.allSettled(silent)
  expect(await find('site.example')).toEqual(['192.0.2.1'])
  expect((await ended).every(({ status }) => status === 'rejected')).toBe(true)
})

describe('IPv4 and IPv6', () => {
  const sites = [{ stop: () => {}, port: 0 }]
  const serveOn = async (host: string, port = 0) => {
    const site = createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    })
    await once(site.listen(port, host), 'listening')
    sites.push({ stop: () => void site.close(), port: (site.address() as { port: number }).port })
    return sites.at(-1)!.port
  }
  afterAll(() => {
    for (const { stop } of sites) stop()
  })
  const guard = addressGuard('127.0.0.0/8,::1')

  test('a site is up if its IPv4 address refuses and its IPv6 address responds', async () => {
    const port = await serveOn('::1')
    const families: (number | undefined)[] = []
    const dialler = safeDialler({
      guard,
      lookup: async (_, family) => {
        families.push(family)
        return family === 6 ? ['::1'] : ['127.0.0.9']
      },
    })
    expect(await dialler.get(`http://dual.test:${port}/`, { timeoutMs: 5_000 })).toMatchObject({
      ...{ error: null, status: 200, address: '::1' },
    })
    expect(await dialler.tcpConnect(`tcp://dual.test:${port}`, { timeoutMs: 5_000 })).toMatchObject({ error: null })
    expect(families).toEqual([undefined, 6, undefined, 6])
  })

  test('the IPv6 address is not looked up if the IPv4 address responds', async () => {
    const port = await serveOn('127.0.0.1')
    const families: (number | undefined)[] = []
    const dialler = safeDialler({
      guard,
      lookup: async (_, family) => {
        families.push(family)
        return ['127.0.0.1']
      },
    })
    expect(await dialler.get(`http://dual.test:${port}/`, { timeoutMs: 5_000 })).toMatchObject({ status: 200 })
    expect(families).toEqual([undefined])
  })

  test('a private IPv6 address is not dialled after the IPv4 address refused, and the error is that of the IPv4 address', async () => {
    const port = await serveOn('::1')
    const dialler = safeDialler({
      guard: addressGuard('127.0.0.0/8'),
      lookup: async (_, family) => (family === 6 ? ['::1'] : ['127.0.0.9']),
    })
    expect(await dialler.get(`http://dual.test:${port}/`, { timeoutMs: 5_000 })).toMatchObject({ error: 'refused' })
  })

  test.each(['localhost', 'app.localhost'])('%s is reached if it listens only on ::1', async host => {
    const port = await serveOn('::1')
    const options = { timeoutMs: 5_000 }
    const both = safeDialler({ guard })
    expect(await both.get(`http://${host}:${port}/`, options)).toMatchObject({ error: null, address: '::1' })
    const six = safeDialler({ guard: addressGuard('::1') })
    expect(await six.get(`http://${host}:${port}/`, options)).toMatchObject({ error: null, address: '::1' })
    const four = safeDialler({ guard: addressGuard('127.0.0.1') })
    expect(await four.get(`http://${host}:${port}/`, options)).toMatchObject({ error: 'refused' })
    expect(await safeDialler({ guard: addressGuard() }).get(`http://${host}:${port}/`, options)).toMatchObject({
      error: 'private-address',
    })
  })

  test('a site with one responding address and three that refuse is up at every attempt', async () => {
    const port = await serveOn('127.0.0.1')
    const addresses = ['127.0.0.7', '127.0.0.8', '127.0.0.9', '127.0.0.1']
    const dialler = safeDialler({ guard, lookup: async () => addresses })
    for (const attemptIndex of [0, 1, 2, 3])
      expect(await dialler.get(`http://four.test:${port}/`, { timeoutMs: 5_000, attemptIndex })).toMatchObject({
        ...{ error: null, address: '127.0.0.1', addresses: 4 },
      })
  })

  test('a silent address leaves enough of the timeout for the other address', async () => {
    const port = await serveOn('127.0.0.1')
    const dialler = safeDialler({
      guard: addressGuard('127.0.0.1,203.0.113.0/24'),
      lookup: async () => ['203.0.113.1', '127.0.0.1'],
    })
    const found = await dialler.get(`http://half.test:${port}/`, { timeoutMs: 60_000 })
    expect(found).toMatchObject({ error: null, address: '127.0.0.1' })
  })
})

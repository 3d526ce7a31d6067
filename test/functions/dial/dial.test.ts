import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { addressGuard, type DialResult, parseTarget, safeDialler } from '#functions/dial/dial.ts'
import { type Lookup, nameLookup } from '#functions/dial/lookup.ts'
import { authority, certificates } from '#test/functions/dial/support/certificates.ts'
import { type NameServer, startNameServer } from '#test/functions/dial/support/name-server.ts'

/** A server that counts what reaches it and plays `script` to every connection. */
const listening = async (script: (socket: Socket) => void, host = '127.0.0.1', tls?: { cert: string; key: string }) => {
  const seen = { connections: 0, bytes: 0, heads: [] as string[] }
  const open = new Set<Socket>()
  const accept = (socket: Socket) => {
    seen.connections++
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.length
      seen.heads.push(chunk.toString('latin1'))
    })
    script(socket)
  }
  const server: Server = tls ? createTlsServer(tls, accept) : createServer(accept)
  server.on('tlsClientError', () => {})
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const stop = async () => {
    for (const socket of open) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port, seen, stop }
}

type Listening = Awaited<ReturnType<typeof listening>>

/** Answers every request with these bytes, and what `then` makes of the connection. */
const answering =
  (bytes: string | Buffer, then: (socket: Socket) => void = socket => socket.end()) =>
  (socket: Socket) =>
    socket.once('data', () => {
      socket.write(bytes)
      then(socket)
    })

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const redirect = (location: string, status = 302) =>
  `HTTP/1.1 ${status} Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`

const servers: Listening[] = []
const serve = async (...given: Parameters<typeof listening>) => {
  const server = await listening(...given)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => server.stop()))
})

/** Loopback is private, so the tests open one address of it on purpose; the others stay closed. */
const openAddress = '127.0.0.2'
const names: Record<string, string[]> = {}
const dialler = safeDialler({
  guard: addressGuard(`${openAddress}/32`),
  lookup: async host => names[host] ?? Promise.reject(Object.assign(new Error(host), { code: 'ENOTFOUND' })),
  ca: authority,
})
/** Opens all of loopback: for servers that misbehave. */
const open = safeDialler({ guard: addressGuard('127.0.0.0/8'), lookup: async () => ['127.0.0.1'], ca: authority })

describe('an address that is not public', () => {
  let victim: Listening
  beforeAll(async () => {
    // Everywhere on the machine: whatever spelling gets through would be counted.
    victim = await listening(answering(ok), '::')
  })
  afterAll(() => victim.stop())

  const spellings = [
    '127.0.0.1',
    '127.0.0.1.',
    '127.1',
    '127.0.1',
    '0x7f.1',
    '0x7f000001',
    '0177.0.0.1',
    '2130706433',
    '017700000001',
    '0',
    '0.0.0.0',
    '127.0.0.3',
    '127.255.255.254',
    '１２７.０.０.１',
    '127。0。0。1',
    '%31%32%37.0.0.1',
    'localhost',
    'LOCALHOST.',
    'printer.localhost',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fec0::1]',
    '[ff02::1]',
    '[100::1]',
    '[2001:db8::1]',
    '[4000::1]',
    '[5f00::1]',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '3232235777',
    '0300.0250.1.1',
    '0xc0.0xa8.1.1',
    '[::ffff:192.168.1.1]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::a9fe:a9fe]',
    '169.254.169.254',
    '0xa9fea9fe',
    '100.64.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.7',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
  ]

  test('is tried in sixty spellings and more', () => expect(new Set(spellings).size).toBeGreaterThanOrEqual(60))

  test.each(spellings)('%s is refused before a byte is sent', async host => {
    for (const url of [`http://${host}:${victim.port}/`, `https://${host}:${victim.port}/`])
      expect(await dialler.get(url, { timeoutMs: 5_000 })).toMatchObject({ error: 'private-address', contact: false })
    expect(await dialler.tcpConnect(`tcp://${host}:${victim.port}`, { timeoutMs: 5_000 })).toMatchObject({
      error: 'private-address',
    })
    expect(victim.seen).toMatchObject({ connections: 0, bytes: 0 })
  })

  test.each([
    ['all its addresses are private', ['10.0.0.1']],
    ['one of its addresses is private', ['203.0.114.1', '127.0.0.1']],
    ['it hides one in IPv6', ['::ffff:127.0.0.1']],
    ['it has a zone', ['fe80::1%1']],
    ['the answer is no address', ['localhost']],
    ['one of them is only local', ['127.0.0.2', '::1']],
  ])('a name is refused when %s', async (_, addresses) => {
    names['sly.test'] = addresses
    expect(await dialler.get(`http://sly.test:${victim.port}/`, { timeoutMs: 5_000 })).toMatchObject({
      error: 'private-address',
    })
    expect(victim.seen.connections).toBe(0)
  })

  test('a public address of this very machine is refused', async () => {
    const guard = addressGuard('', () => new Set(['8.8.8.8', '2a00::1']))
    expect([guard('8.8.8.8'), guard('2a00:0::1'), guard('8.8.4.4')]).toEqual([false, false, true])
  })

  test('an address behind NAT64 is what its IPv4 address is', () => {
    const guard = addressGuard('10.1.0.0/16', () => new Set(['8.8.8.8']))
    const open = ['64:ff9b::808:404', '64:ff9b::8.8.4.4', '64:ff9b::a01:203']
    const closed = ['64:ff9b::808:808', '64:ff9b::7f00:1', '64:ff9b::a02:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::808:404']
    expect(open.map(guard)).toEqual([true, true, true])
    expect(closed.map(guard)).toEqual(closed.map(() => false))
  })

  test('what the operator opens may be dialled, and nothing beside it', () => {
    const guard = addressGuard(' 10.1.0.0/16, fd00::/8,192.168.7.7 ')
    expect(['10.1.2.3', 'fd00::1', '192.168.7.7'].map(guard)).toEqual([true, true, true])
    expect(['10.2.0.1', '192.168.7.8', '::ffff:10.1.2.3', 'fe80::1'].map(guard)).toEqual([false, false, false, false])
  })

  test.each(['10.0.0/8', '10.0.0.0/33', 'example.org', '10.0.0.0/8;fd00::/8', '300.1.1.1'])(
    'the range %s is refused at start, by name',
    range => {
      expect(() => addressGuard(range)).toThrow(`PROBE_ALLOW: ${JSON.stringify(range)}`)
    },
  )
})

describe('a name that changes its mind', () => {
  test('is dialled where it was looked up, and looked up once', async () => {
    const victim = await serve(answering(ok))
    const site = await serve(answering(ok), openAddress)
    let asked = 0
    const rebinding = safeDialler({
      guard: addressGuard(`${openAddress}/32`),
      lookup: async () => (asked++ === 0 ? [openAddress] : ['127.0.0.1']),
    })
    const first = await rebinding.get(`http://rebind.test:${site.port}/`, { timeoutMs: 5_000 })
    expect(first).toMatchObject({ error: null, status: 200, address: openAddress })
    expect(asked).toBe(1)
    const second = await rebinding.get(`http://rebind.test:${victim.port}/`, { timeoutMs: 5_000 })
    expect(second).toMatchObject({ error: 'private-address', address: null })
    expect(victim.seen.connections).toBe(0)
  })

  test('is reached at its second address when the first one refuses, at every attempt', async () => {
    const site = await serve(answering(ok), openAddress)
    names['two.test'] = ['127.0.0.9', openAddress]
    const either = safeDialler({ guard: addressGuard('127.0.0.0/8'), lookup: async () => names['two.test']! })
    const url = `http://two.test:${site.port}/`
    for (const attemptIndex of [0, 1])
      expect(await either.get(url, { timeoutMs: 5_000, attemptIndex })).toMatchObject({
        ...{ error: null, address: openAddress, addresses: 2 },
      })
  })

  test('has nobody to answer for it', async () => {
    expect(await dialler.get('http://nobody.test/', { timeoutMs: 5_000 })).toMatchObject({
      error: 'dns',
      contact: false,
    })
    names['empty.test'] = []
    expect(await dialler.get('http://empty.test/', { timeoutMs: 5_000 })).toMatchObject({ error: 'dns' })
  })

  test('and takes for ever to be looked up ends in time', async () => {
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

  test('is asked for IPv6 only where there is no IPv4', async () => {
    expect(await lookup('both.test')).toEqual(['192.0.2.1', '192.0.2.2'])
    expect(server.asked).toEqual(['both.test A'])
    expect(await lookup('six.test')).toEqual(['2001:db8::1'])
  })

  test.each(['none.test', 'unheard.test', 'broken.test', 'silent.test'])(
    'that has nothing to say of %s ends the check with a reason, in time',
    async host => {
      const named = safeDialler({ guard: addressGuard(), lookup })
      expect(await named.get(`http://${host}/`, { timeoutMs: 5_000 })).toMatchObject({ error: 'dns', contact: false })
    },
  )
})

describe('a redirect', () => {
  const private_: ProbeErrorCode = 'private-address'
  test.each<[string, ProbeErrorCode]>([
    ['http://169.254.169.254/latest/meta-data/', private_],
    ['http://127.0.0.1:VICTIM/', private_],
    ['//127.0.0.1:VICTIM/', private_],
    ['http://2130706433:VICTIM/', private_],
    ['http://[::ffff:127.0.0.1]:VICTIM/', private_],
    ['http://localhost:VICTIM/', private_],
    ['http://127.0.0.2:25/', 'bad-redirect'],
    ['file:///etc/passwd', 'bad-redirect'],
    ['ftp://127.0.0.2/', 'bad-redirect'],
    ['tcp://127.0.0.1:VICTIM', 'bad-redirect'],
    ['javascript:alert(1)', 'bad-redirect'],
    ['http://', 'bad-redirect'],
    [`/${'a'.repeat(9_000)}`, 'bad-redirect'],
    ['/again', 'too-many-redirects'],
  ])('to %s is not followed', async (location, error) => {
    const victim = await serve(answering(ok))
    const site = await serve(answering(redirect(location.replace('VICTIM', String(victim.port)))), openAddress)
    expect(await dialler.get(`http://${openAddress}:${site.port}/`, { timeoutMs: 5_000 })).toMatchObject({ error })
    expect(victim.seen.connections).toBe(0)
    expect(site.seen.connections).toBe(error === 'too-many-redirects' ? 21 : 1)
  })

  test('from https down to http is followed with a warning, up to https without one', async () => {
    const plain = await serve(answering(ok))
    const secure = await serve(answering(redirect(`http://good.test:${plain.port}/`)), '127.0.0.1', certificates.good)
    const down = await open.get(`https://good.test:${secure.port}/`, { timeoutMs: 5_000 })
    expect(down).toMatchObject({ error: null, status: 200, warning: 'insecure-redirect' })
    expect(plain.seen.connections).toBe(1)

    const end = await serve(answering(ok), '127.0.0.1', certificates.good)
    const start = await serve(answering(redirect(`https://good.test:${end.port}/`, 308)))
    const up = await open.get(`http://x.test:${start.port}/`, { timeoutMs: 5_000 })
    expect(up).toMatchObject({ error: null, status: 200 })
    expect(up.tlsMs).not.toBeNull()
    expect(up.warning).toBeUndefined()
  })

  test('is followed up to twenty times', async () => {
    let left = 20
    const site = await serve(socket => {
      socket.once('data', () => socket.end(left-- > 0 ? redirect(`/${left}`) : ok))
    })
    expect(await open.get(`http://x.test:${site.port}/`, { timeoutMs: 5_000 })).toMatchObject({
      ...{ error: null, status: 200 },
    })
    expect(site.seen.connections).toBe(21)
  })

  test.each([
    ['an absolute URL', 'http://y.test:PORT/next', 'GET /next HTTP'],
    ['another host, without a scheme', '//y.test:PORT/next', 'GET /next HTTP'],
    ['a path', '/next', 'GET /next HTTP'],
    ['a relative path', '../next', 'GET /next HTTP'],
    ['a query', '?next', 'GET /a/start?next HTTP'],
    ['a fragment', '/next#there', 'GET /next HTTP'],
    ['blanks around and inside', ' /ne xt \t', 'GET /ne%20xt HTTP'],
    ['UTF-8', '/gr\xc3\xb6\xc3\x9fe', 'GET /gr%C3%B6%C3%9Fe HTTP'],
    ['Latin-1', '/gr\xf6\xdfe?gr\xf6\xdfe', 'GET /gr%F6%DFe?gr%F6%DFe HTTP'],
    ['a host with umlauts', 'http://m\xc3\xbcnchen.test:PORT/next', 'GET /next HTTP'],
    ['3,000 characters', `/${'a'.repeat(3_000)}`, `GET /${'a'.repeat(3_000)} HTTP`],
  ])('with %s is followed', async (_, location, line) => {
    const site = await serve(socket =>
      socket.once('data', (chunk: Buffer) => {
        const isFirst = chunk.toString().startsWith('GET /a/start ')
        socket.end(isFirst ? redirect(location.replace('PORT', String(socket.localPort))) : ok, 'latin1')
      }),
    )
    expect(await open.get(`http://x.test:${site.port}/a/start`, { timeoutMs: 5_000 })).toMatchObject({ status: 200 })
    expect(site.seen.heads[1]?.startsWith(line)).toBe(true)
  })

  test.each([300, 301, 302, 303, 307, 308])('of status %i is followed with another GET', async status => {
    const site = await serve(socket =>
      socket.once('data', (chunk: Buffer) =>
        socket.end(chunk.toString().startsWith('GET /start ') ? redirect('/next', status) : ok),
      ),
    )
    expect(await open.get(`http://x.test:${site.port}/start`, { timeoutMs: 5_000 })).toMatchObject({ status: 200 })
    expect(site.seen.heads[1]).toMatch(/^GET \/next HTTP/)
  })

  test('with a user name is followed, and the name goes to that host only', async () => {
    const last = await serve(answering(ok))
    const asking = await serve(answering(redirect(`http://z.test:${last.port}/`)))
    const site = await serve(answering(redirect(`http://user:p%40ss@y.test:${asking.port}/`)))
    expect(await open.get(`http://x.test:${site.port}/`, { timeoutMs: 5_000 })).toMatchObject({ status: 200 })
    expect(asking.seen.heads[0]).toContain(`\r\nAuthorization: Basic ${btoa('user:p@ss')}\r\n`)
    expect([...site.seen.heads, ...last.seen.heads].join('')).not.toMatch(/authorization/i)
  })

  test('with an empty Location is the last answer', async () => {
    const site = await serve(answering(redirect('')))
    expect(await open.get(`http://x.test:${site.port}/`, { timeoutMs: 5_000 })).toMatchObject({
      ...{ error: null, status: 302 },
    })
  })

  test('whose body has no end is not listened to while the next site keeps silent', async () => {
    const order: string[] = []
    const silent = await serve(() => order.push('asked'))
    const site = await serve(socket => {
      socket.on('close', () => order.push('closed'))
      socket.once('data', () => {
        const more = () => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
        }
        socket.write(redirect(`http://x.test:${silent.port}/`))
        socket.on('drain', more)
        more()
      })
    })
    const found = await open.get(`http://x.test:${site.port}/`, { timeoutMs: 1_500 })
    order.push('ended')
    expect(found).toMatchObject({ error: 'timeout' })
    expect(order.toSorted()).toEqual(['asked', 'closed', 'ended'])
    expect(order.at(-1)).toBe('ended')
  })

  test('within the site is followed, relative ones and umlauts too', async () => {
    const site = await serve(socket =>
      socket.once('data', (chunk: Buffer) => {
        const next = chunk.toString().startsWith('GET /start ')
          ? redirect(Buffer.from('/größe').toString('latin1'))
          : ok
        socket.end(Buffer.from(next, 'latin1'))
      }),
    )
    expect(await open.get(`http://x.test:${site.port}/start`, { timeoutMs: 5_000 })).toMatchObject({ status: 200 })
    expect(site.seen.heads[1]).toMatch(/^GET \/gr%C3%B6%C3%9Fe HTTP/)
  })
})

describe('a server that means harm, or does not know better', () => {
  const forever = (socket: Socket, chunk: string | Buffer) => {
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  }
  const silent = () => {}
  const head = 'HTTP/1.1 200 OK\r\n'
  const bomb = gzipSync(Buffer.alloc(20_000_000))
  type Script = (socket: Socket) => void

  test.each<[string, Script, Partial<DialResult>]>([
    ['never answers', silent, { error: 'timeout', contact: true }],
    ['sends a header now and then', drip(`${head}X: `, 'a'), { error: 'timeout', contact: true }],
    ['sends one byte of the status line', answering('H', silent), { error: 'timeout' }],
    [
      'sends headers without end',
      answering(head, s => forever(s, `X: ${'a'.repeat(1000)}\r\n`)),
      { error: 'too-large' },
    ],
    [
      'sends one header without end',
      answering(`${head}X: `, s => forever(s, 'a'.repeat(1000))),
      { error: 'too-large' },
    ],
    [
      'sends a body without end',
      answering(`${head}\r\n`, s => forever(s, Buffer.alloc(65_536))),
      { error: null, status: 200 },
    ],
    ['drips its body', drip(`${head}Content-Length: 100000\r\n\r\n`, 'a'), { error: null, status: 200 }],
    ['breaks off in its head', answering(`${head}Content-Le`), { error: 'reset', status: null }],
    ['folds a header', answering(`${head}X: a\r\n b\r\n\r\n`), { error: null, status: 200 }],
    ['ends lines as it likes', answering('HTTP/1.1 200 OK\n\nok'), { error: null, status: 200 }],
    [
      'has a length and chunks',
      answering(`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok`),
      { error: null, status: 200 },
    ],
    [
      'sends chunks that are none',
      answering(`${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n`, silent),
      { error: null, status: 200 },
    ],
    ['goes on after the end', answering(`${ok}HTTP/1.1 500 Oh\r\n\r\n`, silent), { error: null, status: 200 }],
    ['speaks the HTTP of long ago', answering('HTTP/1.0 200 OK\r\n\r\nok'), { error: null, status: 200 }],
    ['breaks off in its body', answering(`${head}Content-Length: 10\r\n\r\nabc`), { error: null, status: 200 }],
    [
      'sends a compressed bomb unasked',
      answering(Buffer.concat([Buffer.from(`${head}Content-Encoding: gzip\r\n\r\n`), bomb])),
      { error: null, status: 200 },
    ],
    ['answers before it is asked', (s: Socket) => void s.end(ok), { error: null, status: 200 }],
    ['answers and resets the connection', answering(ok, s => s.resetAndDestroy()), { error: null, status: 200 }],
    [
      'sends its head, waits for more and resets the connection',
      answering(`${head}Content-Length: 10\r\n\r\nabc`, s => void setTimeout(() => s.resetAndDestroy(), 50)),
      { error: null, status: 200 },
    ],
    ['hangs up', (s: Socket) => void s.once('data', () => s.end()), { error: 'reset' }],
    ['resets the connection', (s: Socket) => void s.once('data', () => s.resetAndDestroy()), { error: 'reset' }],
    ['speaks another protocol', answering('SSH-2.0-OpenSSH_9.2\r\n'), { error: 'protocol' }],
    ['speaks before it is asked', (s: Socket) => void s.end('220 mail ESMTP\r\n'), { error: 'protocol' }],
    [
      'switches protocols',
      answering('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', silent),
      { error: 'protocol' },
    ],
    [
      'says 100 for ever',
      answering('', s => forever(s, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100))),
      { error: 'protocol' },
    ],
    [
      'has two lengths',
      answering(`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`),
      { error: null, status: 200 },
    ],
    [
      'has a status of its own',
      answering('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'),
      { error: null, status: 999 },
    ],
    [
      'redirects to nowhere',
      answering('HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n'),
      { error: null, status: 302 },
    ],
  ])('that %s gets no more than its time', async (_, script, expected) => {
    const site = await serve(script)
    const found = await open.get(`http://x.test:${site.port}/`, { timeoutMs: 600 })
    expect(found).toMatchObject(expected)
  })

  test.each<[string, keyof typeof certificates, string, ProbeErrorCode | null]>([
    ['is good', 'good', 'good.test', null],
    ['has run out', 'expired', 'expired.test', 'tls-expired'],
    ['is for another name', 'good', 'other.test', 'tls-wrong-host'],
    ['signed itself', 'self', 'self.test', 'tls-untrusted'],
  ])('whose certificate %s is told so', async (_, certificate, host, error) => {
    const site = await serve(answering(ok), '127.0.0.1', certificates[certificate])
    const found = await open.get(`https://${host}:${site.port}/`, { timeoutMs: 5_000 })
    expect(found).toMatchObject({ error, contact: true })
    if (error) expect(site.seen.bytes).toBe(0)
  })

  test('that never finishes the handshake gets no more than its time', async () => {
    const site = await serve(() => {})
    expect(await open.get(`https://good.test:${site.port}/`, { timeoutMs: 300 })).toMatchObject({ error: 'timeout' })
  })

  test('that speaks plain HTTP on a port for TLS is told apart', async () => {
    const site = await serve(answering('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(await open.get(`https://good.test:${site.port}/`, { timeoutMs: 5_000 })).toMatchObject({ error: 'tls' })
  })

  function drip(start: string, byte: string): Script {
    return answering(start, socket => {
      const timer = setInterval(() => socket.write(byte), 20)
      socket.on('close', () => clearInterval(timer))
    })
  }
})

test('a request asks for nothing compressed, keeps nothing open and says who asks', async () => {
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

test('the parts of a check are timed', async () => {
  const site = await serve(answering(ok), '127.0.0.1', certificates.good)
  const found = await open.get(`https://good.test:${site.port}/`, { timeoutMs: 5_000 })
  const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = found
  const parts = [dnsMs, connectMs, tlsMs, firstByteMs].map(Number)
  expect(parts.every(ms => ms >= 0)).toBe(true)
  expect(parts.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(totalMs)
})

describe('what a person types', () => {
  const watched = (url: string, name: string, kind = 'http') => ({ ok: true, kind, url, name })
  const refused = (error: ProbeErrorCode) => ({ ok: false, error })
  test.each([
    ['example.org', watched('https://example.org/', 'example.org')],
    [' HTTP://Example.ORG:80/A?b#c ', watched('http://example.org/A?b', 'example.org/A')],
    ['example.org:8080/health', watched('https://example.org:8080/health', 'example.org:8080/health')],
    ['münchen.example', watched('https://xn--mnchen-3ya.example/', 'münchen.example')],
    ['tcp://db.example.org:5432', watched('tcp://db.example.org:5432', 'db.example.org:5432', 'tcp')],
    ['tcp://0x7f.1:80/', watched('tcp://127.0.0.1:80', '127.0.0.1:80', 'tcp')],
    ['tcp://[2001:DB8::1]:22', watched('tcp://[2001:db8::1]:22', '[2001:db8::1]:22', 'tcp')],
    ['localhost:3000', watched('https://localhost:3000/', 'localhost:3000')],
    ['http://intranet/', watched('http://intranet/', 'intranet')],
    ['intranet', refused('bad-url')],
    ['', refused('bad-url')],
    ['http://', refused('bad-url')],
    ['two words.example', refused('bad-url')],
    ['https://exa\u202Emple.org', refused('bad-url')],
    ['https://example.org:99999', refused('bad-url')],
    [`https://example.org/${'a'.repeat(2048)}`, refused('bad-url')],
    ['ftp://example.org', refused('bad-scheme')],
    ['file:///etc/passwd', refused('bad-scheme')],
    ['javascript:alert(1)', refused('bad-scheme')],
    ['https://user:secret@example.org', refused('credentials')],
    ['user@example.org', refused('credentials')],
    ['tcp://user@example.org:22', refused('credentials')],
    ['http://example.org:25', refused('blocked-port')],
    ['https://example.org:6667', refused('blocked-port')],
    ['tcp://example.org:0', refused('blocked-port')],
    ['tcp://example.org', refused('missing-port')],
    ['tcp://example.org:80/path', refused('bad-url')],
  ])('%j is read', (text, expected) => {
    expect(parseTarget(text)).toEqual(expected)
  })

  test('a name is cut between characters', () => {
    const target = parseTarget(`https://example.org/${'/a'.repeat(100)}`)
    expect(target.ok && [...target.name].length).toBe(64)
  })
})

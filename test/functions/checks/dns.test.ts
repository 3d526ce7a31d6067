import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { checkDns, parsedServer } from '#functions/checks/dns.ts'
import { open, strict } from '#test/functions/dial/support/servers.ts'
import { attemptOf, memoryGrowth } from './support.ts'

const attempt = attemptOf('dns', checkDns, open)

const closing: (() => unknown)[] = []
afterEach(() => closing.splice(0).map(close => close()))

const typeNumbers = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, CAA: 257 } as const
type Type = keyof typeof typeNumbers

const nameBytes = (name: string) =>
  Buffer.concat([
    ...name
      .split('.')
      .filter(Boolean)
      .map(label => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ])
const int16 = (...values: number[]) => {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, 2 * at)
  return bytes
}

/** A record of the answer, whose name is that of the question. */
const record = (type: Type, data: Buffer) =>
  Buffer.concat([int16(0xc00c, typeNumbers[type], 1, 0, 60, data.length), data])

/** The answer of a name server to a query (RFC 1035). */
const answer = (query: Buffer, records: Buffer[], { rcode = 0, flags = 0 } = {}) => {
  const questionEnd = query.indexOf(0, 12) + 5
  const head = Buffer.concat([query.subarray(0, 2), int16(0x8180 | rcode | flags, 1, records.length, 0, 0)])
  return Buffer.concat([head, query.subarray(12, questionEnd), ...records])
}

/** Starts a name server on UDP. Returns the setting `server`. */
const nameServer = async (respond: (query: Buffer, reply: (bytes: Buffer) => void, socket: UdpSocket) => void) => {
  const socket = createSocket('udp4')
  let queries = 0
  socket.on('message', (query, { port, address }) => {
    queries++
    respond(query, bytes => socket.send(bytes, port, address), socket)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closing.push(() => socket.close())
  return { server: `127.0.0.1:${socket.address().port}`, port: socket.address().port, queries: () => queries }
}

const answering = (records: Buffer[], options = {}) =>
  nameServer((query, reply) => reply(answer(query, records, options)))

const text = (value: string) => Buffer.from([value.length, ...Buffer.from(value)])

describe('the records of a name', () => {
  test.each<[Type, Buffer[], string[]]>([
    ['A', [Buffer.from([203, 0, 113, 7]), Buffer.from([203, 0, 113, 8])], ['203.0.113.8']],
    ['AAAA', [Buffer.from('20010db8000000000000000000000001', 'hex')], ['2001:DB8:0:0::1']],
    ['CNAME', [nameBytes('www.example.net')], ['WWW.example.net.']],
    ['MX', [Buffer.concat([int16(10), nameBytes('mail.example.org')])], ['10 mail.example.org']],
    ['NS', [nameBytes('ns1.example.org')], ['ns1.example.org.']],
    ['PTR', [nameBytes('host.example.org')], ['host.example.org']],
    ['SRV', [Buffer.concat([int16(1, 2, 5060), nameBytes('sip.example.org')])], ['1 2 5060 sip.example.org.']],
    ['TXT', [Buffer.concat([text('v=spf1 '), text('-all')])], ['v=spf1 -all']],
    ['CAA', [Buffer.concat([Buffer.from([0]), text('issue'), Buffer.from('ca.example')])], ['0 issue ca.example']],
    [
      'SOA',
      [
        Buffer.concat([
          nameBytes('ns1.a.org'),
          nameBytes('admin.a.org'),
          Buffer.alloc(2),
          int16(7, 0, 1, 0, 2, 0, 3, 0, 4),
        ]),
      ],
      ['ns1.a.org. admin.a.org. 7 1 2 3 4'],
    ],
  ])('of the type %s pass if they have the expected values, in any notation', async (type, data, expected) => {
    const { server } = await answering(data.map(bytes => record(type, bytes)))
    const found = await attempt('dns://name.test', { type, server, expected })
    expect(found).toMatchObject({ error: null, dnsMs: expect.any(Number) })
    const other = await attempt('dns://name.test', { type, server, expected: [...expected, 'another'] })
    expect(other).toMatchObject({ error: 'dns-answer', contact: true, detail: expect.any(String) })
  })

  test.each([
    ['that does not exist', 3, 'dns', true],
    ['that the server may not look up', 5, 'dns', true],
    ['that the server cannot look up', 2, 'dns', true],
  ])('%s is an error', async (_, rcode, error, contact) => {
    const { server } = await answering([], { rcode })
    expect(await attempt('dns://name.test', { server })).toMatchObject({ error, contact })
  })

  test('that has no record of the type is an error, and its name server has answered', async () => {
    const { server } = await answering([])
    const found = await attempt('dns://name.test', { server, type: 'MX' })
    expect(found).toMatchObject({ error: 'dns', noSuchName: true, contact: true, address: '127.0.0.1' })
  })
})

test.each([
  ['9.9.9.9', '9.9.9.9:53'],
  ['9.9.9.9:5353', '9.9.9.9:5353'],
  ['2620:fe::fe', '[2620:fe::fe]:53'],
  ['[2620:fe::fe]:5353', '[2620:fe::fe]:5353'],
  ['dns.example.org', null],
  ['9.9.9.9:99999', null],
  ['9.9.9', null],
  ['[9.9.9.9', null],
])('the name server %s is read as %s', (text, server) => {
  expect(parsedServer(text)?.server ?? null).toBe(server)
})

test('a name server on a private address is not asked', async () => {
  const { server, queries } = await answering([])
  const found = await attemptOf('dns', checkDns, strict)('dns://name.test', { server })
  expect(found).toMatchObject({ error: 'private-address' })
  expect(queries()).toBe(0)
})

describe('a hostile name server', () => {
  test('that never answers ends the check at its time limit', async () => {
    const { server } = await nameServer(() => {})
    const found = await attempt('dns://name.test', { server }, { timeoutMs: 300 })
    expect(found).toMatchObject({ error: 'timeout', contact: false })
  })

  test('that floods us with other answers, or sends bytes that are no answer, ends the check in time', async () => {
    const flood = await nameServer((query, reply) => {
      for (let at = 0; at < 500; at++) reply(Buffer.concat([int16(at), answer(query, []).subarray(2)]))
    })
    const flooded = await attempt('dns://name.test', { server: flood.server }, { timeoutMs: 500 })
    expect(flooded.error).toMatch(/timeout|dns/)
    const noise = await nameServer((query, reply) =>
      reply(Buffer.concat([query.subarray(0, 2), Buffer.alloc(500, 0xff)])),
    )
    const noisy = await attempt('dns://name.test', { server: noise.server }, { timeoutMs: 500 })
    expect(noisy.error).toMatch(/timeout|dns/)
  })

  test('with answers of 64 kB over TCP ends the check in time with flat memory', async () => {
    const records = Array.from({ length: 4_000 }, (_, at) => record('A', Buffer.from([203, 0, at >> 8, at & 255])))
    const { server, port } = await answering([], { flags: 0x0200 })
    const tcp = createServer(socket => {
      socket.on('error', () => {})
      socket.on('data', data => {
        const bytes = answer((data as Buffer).subarray(2), records)
        socket.write(Buffer.concat([int16(bytes.length), bytes]))
      })
    })
    await once(tcp.listen(port, '127.0.0.1'), 'listening')
    closing.push(() => tcp.close())
    const grown = await memoryGrowth(async () => {
      const found = await attempt('dns://name.test', { server, expected: ['203.0.1.2'] })
      expect(found).toMatchObject({ error: null })
      const other = await attempt('dns://name.test', { server, expected: ['203.0.113.300'] })
      expect(other).toMatchObject({ error: 'dns-answer' })
      expect(other.detail!.length).toBeLessThanOrEqual(200)
    })
    expect(grown).toBeLessThan(80)
  })

  test('that sends endless bytes over TCP ends the check in time', async () => {
    const { server, port } = await answering([], { flags: 0x0200 })
    const tcp = createServer(socket => {
      socket.on('error', () => {})
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      }
      socket.on('drain', more)
      more()
      closing.push(() => socket.destroy())
    })
    await once(tcp.listen(port, '127.0.0.1'), 'listening')
    closing.push(() => tcp.close())
    const grown = await memoryGrowth(async () => {
      const found = await attempt('dns://name.test', { server }, { timeoutMs: 1_000 })
      expect(found.error).toMatch(/timeout|dns|refused/)
      expect(found.totalMs).toBeLessThan(2_000)
    })
    expect(grown).toBeLessThan(80)
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressGuard } from '#functions/dial/dial.ts'
import { answering, names, ok, startServer, strict, type TestServer } from '#test/functions/dial/support/servers.ts'

describe('an address that Vigia must not contact', () => {
  let victim: TestServer
  beforeAll(async () => {
    // This server listens on all addresses of the machine, so a request with a notation that is not refused reaches it.
    victim = await startServer(answering(ok), '::')
  })
  afterAll(() => victim.stop())

  const notations = [
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

  test('is tested in at least sixty notations', () => expect(new Set(notations).size).toBeGreaterThanOrEqual(60))

  test.each(notations)('%s is refused before a byte is sent', async host => {
    for (const url of [`http://${host}:${victim.port}/`, `https://${host}:${victim.port}/`])
      expect(await strict.get(url, { timeoutMs: 5_000 })).toMatchObject({ error: 'private-address', contact: false })
    expect(await strict.tcpConnect(`tcp://${host}:${victim.port}`, { timeoutMs: 5_000 })).toMatchObject({
      error: 'private-address',
    })
    expect(victim.seen).toMatchObject({ connections: 0, bytes: 0 })
  })

  test.each([
    ['all its addresses are private', ['10.0.0.1']],
    ['one of its addresses is private', ['203.0.114.1', '127.0.0.1']],
    ['an IPv6 address contains a private IPv4 address', ['::ffff:127.0.0.1']],
    ['its address has a zone', ['fe80::1%1']],
    ['the resolver returns something that is not an address', ['localhost']],
    ['one of its addresses is allowed and another is a loopback address', ['127.0.0.2', '::1']],
  ])('a host is refused when %s', async (_, addresses) => {
    names['sly.test'] = addresses
    expect(await strict.get(`http://sly.test:${victim.port}/`, { timeoutMs: 5_000 })).toMatchObject({
      error: 'private-address',
    })
    expect(victim.seen.connections).toBe(0)
  })

  test('a public address of this machine is refused', async () => {
    const guard = addressGuard('', () => new Set(['8.8.8.8', '2a00::1']))
    expect([guard('8.8.8.8'), guard('2a00:0::1'), guard('8.8.4.4')]).toEqual([false, false, true])
  })

  test('an address behind NAT64 is treated like its IPv4 address', () => {
    const guard = addressGuard('10.1.0.0/16', () => new Set(['8.8.8.8']))
    const open = ['64:ff9b::808:404', '64:ff9b::8.8.4.4', '64:ff9b::a01:203']
    const closed = ['64:ff9b::808:808', '64:ff9b::7f00:1', '64:ff9b::a02:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::808:404']
    expect(open.map(guard)).toEqual([true, true, true])
    expect(closed.map(guard)).toEqual(closed.map(() => false))
  })

  test('only the private ranges that the operator allows may be dialled', () => {
    const guard = addressGuard(' 10.1.0.0/16, fd00::/8,192.168.7.7 ')
    expect(['10.1.2.3', 'fd00::1', '192.168.7.7'].map(guard)).toEqual([true, true, true])
    expect(['10.2.0.1', '192.168.7.8', '::ffff:10.1.2.3', 'fe80::1'].map(guard)).toEqual([false, false, false, false])
  })

  test.each(['10.0.0/8', '10.0.0.0/33', 'example.org', '10.0.0.0/8;fd00::/8', '300.1.1.1'])(
    'the invalid range %s is refused at start, and the error names the range',
    range => {
      expect(() => addressGuard(range)).toThrow(`PROBE_ALLOW: ${JSON.stringify(range)}`)
    },
  )
})

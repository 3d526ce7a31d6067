import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkHttp } from '#functions/checks/http.ts'
import { checkTcp } from '#functions/checks/tcp.ts'
import { addressGuard, type Dialler, safeDialler } from '#functions/dial/dial.ts'
import { nameLookup } from '#functions/dial/lookup.ts'
import { type NameServer, startNameServer } from '#test/functions/dial/support/name-server.ts'
import { answering, ok, redirect, testServers } from '#test/functions/dial/support/servers.ts'

const serve = testServers()

let server: NameServer
let dialler: Dialler
beforeAll(async () => {
  server = await startNameServer({
    'both.test': { a: ['127.0.0.1'], aaaa: ['::1'] },
    'four.test': { a: ['127.0.0.1'] },
    'six.test': { aaaa: ['::1'] },
  })
  dialler = safeDialler({
    guard: addressGuard('127.0.0.0/8,::1/128'),
    lookup: nameLookup({ servers: [server.address], timeoutMs: 1_000 }),
  })
})
afterAll(() => server.stop())

const get = async (host: string, family: 'ipv4' | 'ipv6', on: '127.0.0.1' | '::1') => {
  const site = await serve(answering(ok), on)
  return dialler.get(`http://${host}:${site.port}/`, { timeoutMs: 5_000, family })
}

describe('a request that is limited to one family of addresses', () => {
  test.each([
    ['both.test', 'ipv4', '127.0.0.1'],
    ['both.test', 'ipv6', '::1'],
    ['six.test', 'ipv6', '::1'],
    ['localhost', 'ipv6', '::1'],
    ['[::1]', 'ipv6', '::1'],
    ['127.0.0.1', 'ipv4', '127.0.0.1'],
  ] as const)('reaches %s by %s at %s', async (host, family, address) => {
    expect(await get(host, family, address)).toMatchObject({ error: null, status: 200, address, addresses: 1 })
  })

  test.each([
    ['four.test', 'ipv6', 'no-ipv6'],
    ['six.test', 'ipv4', 'no-ipv4'],
    ['127.0.0.1', 'ipv6', 'no-ipv6'],
    ['[::1]', 'ipv4', 'no-ipv4'],
    ['unknown.test', 'ipv6', 'dns'],
    ['unknown.test', 'ipv4', 'dns'],
  ] as const)('to %s by %s fails with %s', async (host, family, error) => {
    expect(await get(host, family, '127.0.0.1')).toMatchObject({ error, address: null, noSuchName: true })
  })

  test('does not use the other family when the first one refuses', async () => {
    const site = await serve(answering(ok), '::1')
    const url = `http://both.test:${site.port}/`
    expect(await dialler.get(url, { timeoutMs: 5_000 })).toMatchObject({ error: null, address: '::1' })
    expect(await dialler.get(url, { timeoutMs: 5_000, family: 'ipv4' })).toMatchObject({ error: 'refused' })
  })

  test('is limited after a redirect too', async () => {
    const site = await serve(answering(redirect('http://six.test/')))
    const options = { timeoutMs: 5_000, family: 'ipv4' as const }
    expect(await dialler.get(`http://both.test:${site.port}/`, options)).toMatchObject({ error: 'no-ipv4' })
  })
})

test('the setting family of a monitor limits its check', async () => {
  const site = await serve(answering(ok), '::1')
  const check = { monitorId: 1, intervalS: 60, timeoutMs: 5_000, dueAt: '2026-11-21T12:00:00Z' }
  const of = (family: string) => ({ ...check, settings: { family } })
  const http = { kind: 'http', url: `http://both.test:${site.port}/` } as const
  expect(await checkHttp(dialler, { ...of('ipv6'), ...http }, 0)).toMatchObject({ error: null, address: '::1' })
  expect(await checkHttp(dialler, { ...of('ipv4'), ...http }, 0)).toMatchObject({ error: 'refused' })
  const tcp = { kind: 'tcp', url: `tcp://four.test:${site.port}` } as const
  expect(await checkTcp(dialler, { ...of('ipv6'), ...tcp }, 0)).toMatchObject({ error: 'no-ipv6' })
})

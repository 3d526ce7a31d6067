import { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { certificateDaysAt } from '#functions/checks/common.ts'
import { checkTls } from '#functions/checks/tls.ts'
import { addressGuard } from '#functions/dial/address.ts'
import { safeDialler } from '#functions/dial/dial.ts'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import odd from '#test/functions/dial/support/odd-certificates.json' with { type: 'json' }
import { testServers } from '#test/functions/dial/support/servers.ts'
import { attemptOf } from './support.ts'

const attempt = attemptOf('tls', checkTls)
const oddDialler = safeDialler({ guard: addressGuard('127.0.0.0/8'), lookup: async () => ['127.0.0.1'], ca: odd.root })
const attemptOdd = attemptOf('tls', checkTls, oddDialler)
const serve = testServers()

test('a valid certificate passes, and the result has its expiry', async () => {
  const site = await serve(() => {}, '127.0.0.1', certificates.good)
  const found = await attempt(`tls://good.test:${site.port}`)
  expect(found).toMatchObject({ error: null, status: null, certificateExpiresAt: new Date('2120-01-01T00:00:00Z') })
  expect(found).not.toHaveProperty('warning')
  expect(site.seen.bytes).toBe(0)
})

test.each([
  ['2119-12-01T23:59:59.999Z', {}, null],
  ['2119-12-02T00:00:00.000Z', {}, 30],
  ['2119-12-18T00:00:00.000Z', {}, 14],
  ['2119-12-24T23:59:59.999Z', {}, 14],
  ['2119-12-25T00:00:00.000Z', {}, 7],
  ['2119-12-31T12:00:00.000Z', {}, 1],
  ['2119-11-15T00:00:00.000Z', { certificateDays: 60 }, 60],
  ['2119-12-20T00:00:00.000Z', { certificateDays: 10 }, null],
  ['2119-12-23T00:00:00.000Z', { certificateDays: 10 }, 10],
  ['2119-12-25T00:00:00.000Z', { certificateDays: 10 }, 7],
])(
  'at %s with the settings %j the warning is that the certificate expires within %s days',
  async (dueAt, settings, days) => {
    const site = await serve(() => {}, '127.0.0.1', certificates.good)
    const found = await attempt(`tls://good.test:${site.port}`, settings, { dueAt })
    expect(found.error).toBeNull()
    expect(certificateDaysAt(found.certificateExpiresAt!, new Date(dueAt), found.certificateDays)).toBe(days)
    expect(found.warning).toBe(days === null ? undefined : 'certificate-expiring')
  },
)

test.each([
  ['has expired', 'expired', 'expired.test', 'tls-expired'],
  ['is for another name', 'good', 'other.test', 'tls-wrong-host'],
  ['is self-signed', 'self', 'self.test', 'tls-untrusted'],
] as const)('a certificate that %s fails', async (_, certificate, host, error) => {
  const site = await serve(() => {}, '127.0.0.1', certificates[certificate])
  expect(await attempt(`tls://${host}:${site.port}`)).toMatchObject({ error, contact: true })
})

test('a chain without its intermediate certificate is incomplete', async () => {
  const site = await serve(() => {}, '127.0.0.1', odd.servers.missing)
  expect(await attemptOdd(`tls://site.test:${site.port}`)).toMatchObject({ error: 'tls-incomplete' })
  const complete = await serve(() => {}, '127.0.0.1', odd.servers.good)
  expect(await attemptOdd(`tls://site.test:${complete.port}`)).toMatchObject({ error: null })
})

test('a self-signed certificate passes with a warning if the monitor accepts any, and its expiry is watched', async () => {
  const site = await serve(() => {}, '127.0.0.1', certificates.self)
  const found = await attempt(`tls://self.test:${site.port}`, { certificate: 'any' })
  expect(found).toMatchObject({ error: null, warning: 'any-certificate', certificateExpiresAt: expect.any(Date) })
})

test('the certificate of a mail server is checked over STARTTLS', async () => {
  const site = await serve(socket => {
    socket.write('220 mail\r\n')
    socket.on('data', data => {
      if (String(data).startsWith('EHLO')) return void socket.write('250-mail\r\n250 STARTTLS\r\n')
      socket.removeAllListeners('data')
      socket.write('220 go\r\n')
      const secure = new TLSSocket(socket, { isServer: true, ...certificates.good })
      secure.on('error', () => {}).on('data', () => secure.write('250 mail\r\n'))
    })
  })
  const found = await attempt(`tls://good.test:${site.port}`, { starttls: 'smtp' })
  expect(found).toMatchObject({ error: null, certificateExpiresAt: expect.any(Date) })
  const wrong = await attempt(`tls://other.test:${site.port}`, { starttls: 'smtp' })
  expect(wrong).toMatchObject({ error: 'tls-wrong-host' })
})

describe('a hostile server', () => {
  test('that stops in the handshake, or sends endless bytes instead of it, ends the check in time', async () => {
    const stalled = await serve(() => {})
    const found = await attempt(`tls://good.test:${stalled.port}`, {}, { timeoutMs: 300 })
    expect(found).toMatchObject({ error: 'timeout', contact: true })
    const noisy = await serve(socket => {
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 0x16)));
      }
      socket.on('drain', more)
      more()
    })
    expect(await attempt(`tls://good.test:${noisy.port}`, {}, { timeoutMs: 1_000 })).toMatchObject({ error: 'tls' })
  })

  test('that accepts TLS and sends endless bytes is not read', async () => {
    const site = await serve(
      socket => {
        const more = () => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
        }
        socket.on('drain', more)
        more()
      },
      '127.0.0.1',
      certificates.good,
    )
    expect(await attempt(`tls://good.test:${site.port}`)).toMatchObject({ error: null })
  })
})

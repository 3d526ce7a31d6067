import { describe, expect, test } from 'vitest'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import {
  answering,
  ok,
  open,
  openAddress,
  redirect,
  strict,
  testServers,
} from '#test/functions/dial/support/servers.ts'

const serve = testServers()

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
  ])('to %s ends with the error %s', async (location, error) => {
    const victim = await serve(answering(ok))
    const site = await serve(answering(redirect(location.replace('VICTIM', String(victim.port)))), openAddress)
    expect(await strict.get(`http://${openAddress}:${site.port}/`, { timeoutMs: 5_000 })).toMatchObject({ error })
    expect(victim.seen.connections).toBe(0)
    expect(site.seen.connections).toBe(error === 'too-many-redirects' ? 21 : 1)
  })

  test('from https to http is followed with a warning, or is a failure if the monitor wants this; from http to https without a warning', async () => {
    const plain = await serve(answering(ok))
    const secure = await serve(answering(redirect(`http://good.test:${plain.port}/`)), '127.0.0.1', certificates.good)
    const down = await open.get(`https://good.test:${secure.port}/`, { timeoutMs: 5_000 })
    expect(down).toMatchObject({ error: null, status: 200, warning: 'insecure-redirect' })
    expect(plain.seen.connections).toBe(1)

    const request = { followsRedirects: 'secure' as const }
    const refused = await open.request(`https://good.test:${secure.port}/`, { timeoutMs: 5_000, request })
    expect(refused).toMatchObject({ error: 'https-to-http' })
    expect(plain.seen.connections).toBe(1)

    const end = await serve(answering(ok), '127.0.0.1', certificates.good)
    const start = await serve(answering(redirect(`https://good.test:${end.port}/`, 308)))
    const up = await open.request(`http://x.test:${start.port}/`, { timeoutMs: 5_000, request })
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

  test('with a user name is followed, and the user name is sent only to the host of this redirect', async () => {
    const last = await serve(answering(ok))
    const authenticated = await serve(answering(redirect(`http://z.test:${last.port}/`)))
    const site = await serve(answering(redirect(`http://user:p%40ss@y.test:${authenticated.port}/`)))
    expect(await open.get(`http://x.test:${site.port}/`, { timeoutMs: 5_000 })).toMatchObject({ status: 200 })
    expect(authenticated.seen.heads[0]).toContain(`\r\nAuthorization: Basic ${btoa('user:p@ss')}\r\n`)
    expect([...site.seen.heads, ...last.seen.heads].join('')).not.toMatch(/authorization/i)
  })

  test('with an empty Location is not followed and its status is the result', async () => {
    const site = await serve(answering(redirect('')))
    expect(await open.get(`http://x.test:${site.port}/`, { timeoutMs: 5_000 })).toMatchObject({
      ...{ error: null, status: 302 },
    })
  })

  test('with an endless body is followed, and its connection is closed while the next site still does not respond', async () => {
    const order: string[] = []
    const silent = await serve(() => order.push('requested'))
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
    expect(order.toSorted()).toEqual(['closed', 'ended', 'requested'])
    expect(order.at(-1)).toBe('ended')
  })

  test('with unencoded UTF-8 in a relative Location is followed', async () => {
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

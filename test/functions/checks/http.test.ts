import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { checkHttp, isAccepted } from '#functions/checks/http.ts'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import { answering, ok, redirect, testServers } from '#test/functions/dial/support/servers.ts'
import { attemptOf } from './support.ts'

const attempt = attemptOf('http', checkHttp)
const serve = testServers()

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).map(close => close()))

interface Seen {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** Starts an HTTP server and returns its port and the requests that it received. */
const website = async (listener: RequestListener) => {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, body })
    listener(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => server.close())
  return { port: (server.address() as AddressInfo).port, seen }
}

test('a request has the method, the headers and the body of the monitor, and our own headers unless they are replaced', async () => {
  const { port, seen } = await website((_, response) => response.end('ok'))
  const settings = { method: 'PUT', headers: { 'X-Shop': 'a b', accept: 'text/html' }, body: '{"é": 1}' }
  expect(await attempt(`http://shop.test:${port}/a?b=c`, settings)).toMatchObject({ error: null, status: 200 })
  expect(seen).toMatchObject([
    {
      ...{ method: 'PUT', url: '/a?b=c', body: '{"é": 1}' },
      headers: {
        ...{ host: `shop.test:${port}`, 'x-shop': 'a b', accept: 'text/html', 'content-type': 'application/json' },
        ...{ 'content-length': '9', 'user-agent': 'Vigia (uptime check)' },
      },
    },
  ])
  await attempt(`http://127.0.0.1:${port}/`, { headers: { host: 'other.test' } })
  expect(seen[1]!.headers.host).toBe('other.test')
})

test.each([
  ['200-299,404', 404, true],
  ['200-299, 404', 204, true],
  ['200-299,404', 500, false],
  ['301', 301, true],
  ['100-999', 599, true],
  [undefined, 200, true],
  [undefined, 302, false],
])('with the accepted codes %s the status %i is accepted: %s', (list, status, accepted) => {
  expect(isAccepted(status, list)).toBe(accepted)
})

test('an unaccepted status is an error, and an accepted one is not', async () => {
  const { port } = await website((request, response) => response.writeHead(Number(request.url!.slice(1))).end())
  expect(await attempt(`http://a.test:${port}/404`, { status: '404' })).toMatchObject({ error: null, status: 404 })
  expect(await attempt(`http://a.test:${port}/200`, { status: '404' })).toMatchObject({ error: 'status', status: 200 })
})

describe('a body', () => {
  const page = 'Olá, tudo está no ar'
  const codings: Record<string, Buffer> = {
    gzip: gzipSync(page),
    deflate: deflateSync(page),
    br: brotliCompressSync(page),
    zstd: zstdCompressSync(page),
  }

  test.each(['', 'gzip', 'deflate', 'br', 'zstd'])('in the coding "%s" is searched for the keyword', async coding => {
    const { port } = await website((_, response) => {
      if (coding !== '') response.setHeader('Content-Encoding', coding)
      response.write((codings[coding] ?? Buffer.from(page)).subarray(0, 5))
      response.end((codings[coding] ?? Buffer.from(page)).subarray(5))
    })
    const url = `http://a.test:${port}/`
    expect(await attempt(url, { keyword: 'está no ar' })).toMatchObject({ error: null })
    expect(await attempt(url, { keyword: 'fora do ar' })).toMatchObject({ error: 'keyword', status: 200 })
    expect(await attempt(url, { keywordAbsent: 'fora do ar' })).toMatchObject({ error: null })
    expect(await attempt(url, { keyword: 'tudo', keywordAbsent: 'está' })).toMatchObject({ error: 'keyword' })
  })

  test('is read in the charset of its media type', async () => {
    const { port } = await website((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=ISO-8859-1' }).end(Buffer.from('Olá', 'latin1'))
    })
    expect(await attempt(`http://a.test:${port}/`, { keyword: 'Olá' })).toMatchObject({ error: null })
  })

  test.each<[string, object, string | null, string?]>([
    ['an equal value', { path: '$.status', equals: 'ok' }, null],
    ['another value', { path: '$.status', equals: 'down' }, 'json', '$.status: "ok"'],
    ['a value that is not the unwanted one', { path: '$.status', not: 'down' }, null],
    ['a number within limits', { path: '$.queue', above: 1, below: 10 }, null],
    ['a number above the limit', { path: '$.queue', below: 3 }, 'json', '$.queue: 3'],
    ['a number as text', { path: '$.text', above: 1 }, 'json', '$.text: "3"'],
    ['null', { path: '$.none', equals: null }, null],
    ['an existing value', { path: '$.list[1]' }, null],
    ['no value', { path: '$.missing' }, 'json', '$.missing: nothing'],
    ['several values of which all pass', { path: '$.list[*]', above: 0 }, null],
    ['several values of which one fails', { path: '$.list[*]', above: 1 }, 'json', '$.list[*]: 1'],
    ['a filter', { path: '$.parts[?@.name == "mail"].up', equals: true }, null],
    ['a fraction in a filter', { path: '$.parts[?@.load > 0.25 && @.load < 0.5e1].up', equals: true }, null],
    ['a fraction that no part has', { path: '$.parts[?@.load == 0.05]' }, 'json'],
    ['a fraction in a text', { path: "$.parts[?@.version == '0.5']" }, null],
  ])('with %s passes or fails its JSON assertion', async (_, assertion, error, detail) => {
    const document = {
      status: 'ok',
      queue: 3,
      text: '3',
      none: null,
      list: [1, 2],
      parts: [{ name: 'mail', up: true, load: 0.5, version: '0.5' }],
    }
    const { port } = await website((_, response) => response.end(JSON.stringify(document)))
    const found = await attempt(`http://a.test:${port}/`, { json: [assertion] })
    expect(found).toMatchObject({ error, ...(detail !== undefined && { detail }) })
  })

  test('that is not JSON fails a JSON assertion', async () => {
    const { port } = await website((_, response) => response.end('<html>'))
    const found = await attempt(`http://a.test:${port}/`, { json: [{ path: '$' }] })
    expect(found).toMatchObject({ error: 'json', detail: 'not JSON' })
  })

  test('that is larger than the limit fails, unless its beginning decides', async () => {
    const { port } = await website((_, response) => response.end(`first ${'x'.repeat(1_200_000)} last`))
    const url = `http://a.test:${port}/`
    expect(await attempt(url, { keyword: 'first' })).toMatchObject({ error: null })
    expect(await attempt(url, { keyword: 'last' })).toMatchObject({ error: 'body-too-large' })
    expect(await attempt(url, { keywordAbsent: 'last' })).toMatchObject({ error: 'body-too-large' })
    expect(await attempt(url, { keywordAbsent: 'first' })).toMatchObject({ error: 'keyword' })
  })

  test('whose connection ends too early is an error, and one without a length ends with the connection', async () => {
    const cut = await serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'))
    expect(await attempt(`http://a.test:${cut.port}/`, { keyword: 'abc' })).toMatchObject({ error: 'reset' })
    const cutChunk = await serve(answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'))
    expect(await attempt(`http://a.test:${cutChunk.port}/`, { keyword: 'abc' })).toMatchObject({ error: 'reset' })
    const plain = await serve(answering('HTTP/1.0 200 OK\r\n\r\nabc'))
    expect(await attempt(`http://a.test:${plain.port}/`, { keyword: 'abc' })).toMatchObject({ error: null })
  })

  test('of a response to HEAD is not awaited', async () => {
    const { port } = await website((_, response) => response.writeHead(200, { 'Content-Length': '10' }).end())
    const found = await attempt(`http://a.test:${port}/`, { method: 'HEAD', keywordAbsent: 'x' })
    expect(found).toMatchObject({ error: null, status: 200 })
  })
})

describe('a redirect', () => {
  const other = async () => website((_, response) => response.end('other'))
  const login = { auth: { bearer: true }, headers: { 'X-Key': 'k' } }
  const secrets = { token: 'hush' }

  test('that is not followed is the response, with its body', async () => {
    const { port } = await website((_, response) => response.writeHead(301, { Location: '/b' }).end('moved'))
    const settings = { followRedirects: false, status: '301', keyword: 'moved' }
    expect(await attempt(`http://a.test:${port}/`, settings)).toMatchObject({ error: null, status: 301 })
  })

  test.each([
    [undefined, { error: null, status: 200, warning: 'insecure-redirect' }],
    [true, { error: null, status: 200, warning: 'insecure-redirect' }],
    ['secure', { error: 'https-to-http' }],
  ])('from https to http has the result that followRedirects %s asks for', async (followRedirects, result) => {
    const plain = await serve(answering(ok))
    const secure = await serve(answering(redirect(`http://good.test:${plain.port}/`)), '127.0.0.1', certificates.good)
    const settings = followRedirects === undefined ? {} : { followRedirects }
    expect(await attempt(`https://good.test:${secure.port}/`, settings)).toMatchObject(result)
  })

  test('to the same host keeps the credentials, and to another host or port loses them', async () => {
    const stranger = await other()
    const { port, seen } = await website((request, response) => {
      const location = request.url === '/' ? '/local' : `http://127.0.0.1:${stranger.port}/`
      response.writeHead(302, { Location: location }).end()
    })
    expect(await attempt(`http://a.test:${port}/`, login, { secrets })).toMatchObject({ error: null, status: 200 })
    const sent = { authorization: 'Bearer hush', 'x-key': 'k' }
    expect(seen.map(({ headers }) => headers)).toMatchObject([sent, sent])
    expect(stranger.seen).toHaveLength(1)
    expect(stranger.seen[0]!.headers).not.toHaveProperty('authorization')
    expect(stranger.seen[0]!.headers).not.toHaveProperty('x-key')
  })

  test.each([
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'a=b'],
    [308, 'POST', 'a=b'],
  ])('with status %i after a POST is followed by %s', async (status, method, body) => {
    const { port, seen } = await website((request, response) =>
      request.url === '/' ? response.writeHead(status, { Location: '/next' }).end() : response.end(),
    )
    expect(await attempt(`http://a.test:${port}/`, { method: 'POST', body: 'a=b' })).toMatchObject({ error: null })
    expect(seen[1]).toMatchObject({ method, body, url: '/next' })
  })

  test('never carries a body to another host', async () => {
    const stranger = await other()
    const site = await serve(answering(redirect(`http://b.test:${stranger.port}/`, 307)))
    const found = await attempt(`http://a.test:${site.port}/`, { method: 'POST', body: 'secret' })
    expect(found).toMatchObject({ error: 'bad-redirect', status: 307 })
    expect(stranger.seen).toEqual([])
  })
})

test('basic authentication sends the user name of the settings and the password of the secrets', async () => {
  const { port, seen } = await website((_, response) => response.end())
  await attempt(`http://a.test:${port}/`, { auth: { basic: { user: 'ana' } } }, { secrets: { password: 'é:b' } })
  const [, encoded = ''] = seen[0]!.headers.authorization!.split(' ')
  expect(Buffer.from(encoded, 'base64').toString()).toBe('ana:é:b')
})

describe('a certificate', () => {
  test('that is not valid is accepted with a warning if the monitor accepts any', async () => {
    const site = await serve(answering(ok), '127.0.0.1', certificates.self)
    const url = `https://self.test:${site.port}/`
    expect(await attempt(url)).toMatchObject({ error: 'tls-untrusted' })
    expect(await attempt(url, { certificate: 'any' })).toMatchObject({ error: null, warning: 'any-certificate' })
    expect(await attempt(`https://other.test:${site.port}/`, { certificate: 'any' })).toMatchObject({ error: null })
  })

  test('of an own authority is accepted without a warning, and no other certificate is', async () => {
    const secrets = { ca: certificates.self.cert }
    const site = await serve(answering(ok), '127.0.0.1', certificates.self)
    const found = await attempt(`https://self.test:${site.port}/`, { certificate: 'own-ca' }, { secrets })
    expect(found).toMatchObject({ error: null })
    expect(found).not.toHaveProperty('warning')
    const wrong = await attempt(`https://other.test:${site.port}/`, { certificate: 'own-ca' }, { secrets })
    expect(wrong).toMatchObject({ error: 'tls-wrong-host' })
    const other = await serve(answering(ok), '127.0.0.1', certificates.good)
    const untrusted = await attempt(`https://good.test:${other.port}/`, { certificate: 'own-ca' }, { secrets })
    expect(untrusted.error).toMatch(/^tls-/)
  })

  test('that expires soon is a warning', async () => {
    const site = await serve(answering(ok), '127.0.0.1', certificates.good)
    const url = `https://good.test:${site.port}/`
    const expiresAt = new Date('2120-01-01T00:00:00.000Z')
    const soon = { dueAt: '2119-12-02T00:00:00.000Z' }
    expect(await attempt(url, { certificateDays: 30 }, soon)).toMatchObject({
      ...{ error: null, warning: 'certificate-expiring', certificateExpiresAt: expiresAt },
    })
    expect(await attempt(url, { certificateDays: 30 })).not.toHaveProperty('warning')
    expect(await attempt(url, { slowMs: 5_000 }, soon)).not.toHaveProperty('certificateExpiresAt')
  })
})

test('a response that takes longer than the limit of the monitor is slow', async () => {
  const { port } = await website((_, response) => void setTimeout(() => response.end(), 60))
  expect(await attempt(`http://a.test:${port}/`, { slowMs: 50 })).toMatchObject({ error: null, warning: 'slow' })
  expect(await attempt(`http://a.test:${port}/`, { slowMs: 5_000 })).not.toHaveProperty('warning')
})

test('a server whose first byte takes twelve seconds is up with a limit of twenty seconds, and down with one of ten', async () => {
  const serves = await website((_, response) => void setTimeout(() => response.end('awake'), 12_000))
  const within = (timeoutMs: number) => attempt(`http://a.test:${serves.port}/`, {}, { timeoutMs })
  const [patient, usual] = await Promise.all([within(20_000), within(10_000)])
  expect(patient).toMatchObject({ error: null, status: 200 })
  expect(patient.firstByteMs).toBeGreaterThan(11_000)
  expect(usual).toMatchObject({ error: 'timeout' })
}, 40_000)

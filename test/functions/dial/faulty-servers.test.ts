import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import type { DialResult } from '#functions/dial/dial.ts'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import { answering, ok, open, type Script, testServers } from '#test/functions/dial/support/servers.ts'

const serve = testServers()

describe('a hostile or faulty server', () => {
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

  test.each<[string, Script, Partial<DialResult>]>([
    ['never responds', silent, { error: 'timeout', contact: true }],
    ['sends a header slowly', drip(`${head}X: `, 'a'), { error: 'timeout', contact: true }],
    ['sends one byte of the status line', answering('H', silent), { error: 'timeout' }],
    ['sends endless headers', answering(head, s => forever(s, `X: ${'a'.repeat(1000)}\r\n`)), { error: 'too-large' }],
    ['sends one endless header', answering(`${head}X: `, s => forever(s, 'a'.repeat(1000))), { error: 'too-large' }],
    [
      'sends an endless body',
      answering(`${head}\r\n`, s => forever(s, Buffer.alloc(65_536))),
      { error: null, status: 200 },
    ],
    ['sends its body slowly', drip(`${head}Content-Length: 100000\r\n\r\n`, 'a'), { error: null, status: 200 }],
    ['closes the connection in its head', answering(`${head}Content-Le`), { error: 'reset', status: null }],
    ['folds a header', answering(`${head}X: a\r\n b\r\n\r\n`), { error: null, status: 200 }],
    ['mixes line ends', answering('HTTP/1.1 200 OK\n\nok'), { error: null, status: 200 }],
    [
      'sends a length and chunked encoding',
      answering(`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok`),
      { error: null, status: 200 },
    ],
    [
      'sends an invalid chunk',
      answering(`${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n`, silent),
      { error: null, status: 200 },
    ],
    [
      'sends a second response after the first',
      answering(`${ok}HTTP/1.1 500 Oh\r\n\r\n`, silent),
      { error: null, status: 200 },
    ],
    ['speaks HTTP/1.0', answering('HTTP/1.0 200 OK\r\n\r\nok'), { error: null, status: 200 }],
    [
      'closes the connection in its body',
      answering(`${head}Content-Length: 10\r\n\r\nabc`),
      { error: null, status: 200 },
    ],
    [
      'sends a compression bomb',
      answering(Buffer.concat([Buffer.from(`${head}Content-Encoding: gzip\r\n\r\n`), bomb])),
      { error: null, status: 200 },
    ],
    ['responds before the request', (s: Socket) => void s.end(ok), { error: null, status: 200 }],
    ['responds and resets the connection', answering(ok, s => s.resetAndDestroy()), { error: null, status: 200 }],
    [
      'sends its head, waits for more and resets the connection',
      answering(`${head}Content-Length: 10\r\n\r\nabc`, s => void setTimeout(() => s.resetAndDestroy(), 50)),
      { error: null, status: 200 },
    ],
    ['closes the connection', (s: Socket) => void s.once('data', () => s.end()), { error: 'reset' }],
    ['resets the connection', (s: Socket) => void s.once('data', () => s.resetAndDestroy()), { error: 'reset' }],
    ['speaks another protocol', answering('SSH-2.0-OpenSSH_9.2\r\n'), { error: 'protocol' }],
    [
      'speaks another protocol before the request',
      (s: Socket) => void s.end('220 mail ESMTP\r\n'),
      { error: 'protocol' },
    ],
    [
      'switches protocols',
      answering('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', silent),
      { error: 'protocol' },
    ],
    [
      'sends endless 100 responses',
      answering('', s => forever(s, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100))),
      { error: 'protocol' },
    ],
    [
      'sends two different lengths',
      answering(`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`),
      { error: null, status: 200 },
    ],
    [
      'sends an unregistered status',
      answering('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'),
      { error: null, status: 999 },
    ],
    [
      'redirects without a Location',
      answering('HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n'),
      { error: null, status: 302 },
    ],
  ])('that %s gives the expected result within the timeout', async (_, script, expected) => {
    const site = await serve(script)
    const found = await open.get(`http://x.test:${site.port}/`, { timeoutMs: 600 })
    expect(found).toMatchObject(expected)
  })

  test.each<[string, keyof typeof certificates, string, ProbeErrorCode | null]>([
    ['is valid', 'good', 'good.test', null],
    ['has expired', 'expired', 'expired.test', 'tls-expired'],
    ['is for another name', 'good', 'other.test', 'tls-wrong-host'],
    ['is self-signed', 'self', 'self.test', 'tls-untrusted'],
  ])('whose certificate %s gives the expected error', async (_, certificate, host, error) => {
    const site = await serve(answering(ok), '127.0.0.1', certificates[certificate])
    const found = await open.get(`https://${host}:${site.port}/`, { timeoutMs: 5_000 })
    expect(found).toMatchObject({ error, contact: true })
    if (error) expect(site.seen.bytes).toBe(0)
  })

  test('that never finishes the handshake gives the error timeout', async () => {
    const site = await serve(() => {})
    expect(await open.get(`https://good.test:${site.port}/`, { timeoutMs: 300 })).toMatchObject({ error: 'timeout' })
  })

  test('that speaks plain HTTP on a TLS port gives the error tls', async () => {
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

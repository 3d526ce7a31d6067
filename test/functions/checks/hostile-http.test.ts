import type { Socket } from 'node:net'
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { checkHttp } from '#functions/checks/http.ts'
import { answering, open, type Script, testServers } from '#test/functions/dial/support/servers.ts'
import { attemptOf, memoryGrowth } from './support.ts'

const attempt = attemptOf('http', checkHttp)
const serve = testServers()

const head = 'HTTP/1.1 200 OK\r\n'
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`
const forever = (chunk: string | Buffer) => (socket: Socket) => {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}
const drip = (chunk: string) => (socket: Socket) => {
  const timer = setInterval(() => socket.write(chunk), 20)
  socket.on('close', () => clearInterval(timer))
}
const silent = () => {}
const encoded = (coding: string, body: Buffer) => [
  `${head}Content-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`,
  body,
]
const zeros = Buffer.alloc(200_000_000)
const bombs = {
  gzip: gzipSync(zeros),
  br: brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }),
  zstd: zstdCompressSync(zeros),
}
const sending = (parts: (string | Buffer)[]): Script =>
  answering(Buffer.concat(parts.map(part => Buffer.from(part as Buffer))))

const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const json = [{ path: '$..x' }]

describe('a hostile server', () => {
  test.each<[string, Script, Record<string, unknown>, string]>([
    ['sends an endless body', answering(`${head}\r\n`, forever('x'.repeat(65_536))), {}, 'body-too-large'],
    ['sends endless chunks', answering(chunked, forever('1\r\nx\r\n'.repeat(1_000))), {}, 'body-too-large'],
    ['sends a chunk of 1 TB', answering(`${chunked}ffffffffff\r\n`, forever('x'.repeat(65_536))), {}, 'body-too-large'],
    ['sends an endless chunk size', answering(chunked, forever('0'.repeat(65_536))), {}, 'protocol'],
    ['sends an invalid chunk size', answering(`${chunked}-1\r\nx`), {}, 'protocol'],
    ['sends an endless trailer', answering(`${chunked}0\r\n`, forever('X: y\r\n'.repeat(1_000))), {}, 'protocol'],
    ['sends its body slowly', answering(`${head}Content-Length: 1000\r\n\r\n`, drip('a')), {}, 'timeout'],
    ['stops in its body', answering(`${head}Content-Length: 1000\r\n\r\nabc`, silent), {}, 'timeout'],
    ['sends headers of 1 MB', answering(`${head}${`X: ${'y'.repeat(1_000)}\r\n`.repeat(1_100)}\r\n`), {}, 'too-large'],
    ['sends a gzip bomb', sending(encoded('gzip', bombs.gzip)), {}, 'body-too-large'],
    ['sends a brotli bomb', sending(encoded('br', bombs.br)), {}, 'body-too-large'],
    ['sends a zstd bomb', sending(encoded('zstd', bombs.zstd)), {}, 'body-too-large'],
    ['sends bytes that are not gzip', sending(encoded('gzip', Buffer.from('not gzip'))), {}, 'protocol'],
    ['sends half of a gzip body', sending(encoded('gzip', gzipSync('abcdef').subarray(0, 15))), {}, 'protocol'],
    ['sends JSON with 100,000 levels', sending([`${head}\r\n`, deep]), { json, keyword: '[' }, 'json'],
    [
      'sends text for which a pattern takes exponential time',
      sending([`${head}\r\n`, JSON.stringify([{ a: `${'a'.repeat(50)}b` }])]),
      { json: [{ path: '$[?search(@.a, "(a+)+c")]' }], keyword: 'a' },
      'not-checked',
    ],
    [
      'sends JSON of which a path selects too much',
      sending([`${head}\r\n`, JSON.stringify(Array.from({ length: 2_000 }, () => Array(200).fill(0)))]),
      { json: [{ path: '$..*..*..*' }], keyword: '0' },
      'not-checked',
    ],
  ])('that %s fails the check in time and leaves no memory behind', async (_, script, settings, error) => {
    const site = await serve(script)
    // A busy machine needs seconds for a million chunks of one byte.
    const timeoutMs = error === 'timeout' ? 1_500 : 10_000
    const grown = await memoryGrowth(async () => {
      const started = performance.now()
      const url = `http://x.test:${site.port}/`
      const found = await attempt(url, { keyword: 'not there', ...settings }, { timeoutMs })
      expect(found).toMatchObject({ error })
      expect(performance.now() - started).toBeLessThan(timeoutMs + 1_500)
    })
    expect(grown).toBeLessThan(80)
  })

  test('never makes all checks together keep more than 64 MiB; the checks beyond that say nothing about their sites', async () => {
    const body = `${head}Content-Length: 1000001\r\n\r\n${'x'.repeat(1_000_000)}`
    const site = await serve(answering(body, silent))
    const found = await Promise.all(
      Array.from({ length: 90 }, () => attempt(`http://x.test:${site.port}/`, { keyword: 'y' }, { timeoutMs: 4_000 })),
    )
    const count = (error: string) => found.filter(result => result.error === error).length
    expect(count('not-checked')).toBeGreaterThan(10)
    expect(count('timeout') + count('not-checked')).toBe(90)
    const fine = await serve(answering(`${head}\r\nfine`))
    expect(await attempt(`http://x.test:${fine.port}/`, { keyword: 'fine' })).toMatchObject({ error: null })
    expect(await open.get(`http://x.test:${fine.port}/`, { timeoutMs: 1_000 })).toMatchObject({ status: 200 })
  })
})

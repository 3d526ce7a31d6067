import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { responseReader } from '#functions/dial/response-reader.ts'
import { httpEndpoint } from '#functions/dial/target.ts'
import { damagedAnswers, oddAnswers } from '#test/functions/dial/support/answers.ts'

/** Reads a response that arrives in these pieces before the connection closes. Returns head and body, or the error. */
const readPieces = (pieces: readonly string[]): object | string => {
  const read = responseReader()
  try {
    for (const [index, piece] of pieces.entries()) {
      const head = read(piece)
      if (head !== null) return { ...head, body: head.body + pieces.slice(index + 1).join('') }
    }
    return 'reset'
  } catch (error) {
    return (error as Error).message
  }
}

const cutAt = (text: string, places: readonly number[]) =>
  [0, ...places.map(place => place % (text.length + 1)).toSorted((a, b) => a - b), text.length]
    .map((from, index, all) => text.slice(from, all[index + 1]))
    .slice(0, -1)

/** Responses with a line of which the reader keeps only a part. */
const long = [
  `HTTP/1.1 200 ${'x'.repeat(20_000)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nLocation: /${'x'.repeat(20_000)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\n${'x'.repeat(20_000)}: x\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\0\r\n\r\n`,
]
const mebibyte = 1024 * 1024
const endless: [string, string][] = [
  ['a long status line', `HTTP/1.1 200 ${'x'.repeat(mebibyte)}`],
  ['a long header', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(mebibyte)}\r\n\r\n`],
  ['many headers', `HTTP/1.1 200 OK\r\n${'X: x\r\n'.repeat(mebibyte / 6)}\r\n`],
  ['many empty lines', '\r\n'.repeat(mebibyte / 2 + 1)],
  ['a long line that is not HTTP', `x${'HTTP/'.repeat(5_000)}`],
]

describe('a response', () => {
  test('gives the same result in one piece and in any pieces', () => {
    fc.assert(
      fc.property(
        fc.oneof(oddAnswers, damagedAnswers, fc.constantFrom(...long), fc.string({ unit: 'binary' })),
        fc.array(fc.nat(30_000), { maxLength: 12 }),
        (text, places) => {
          expect(readPieces(cutAt(text, places))).toEqual(readPieces([text]))
        },
      ),
      { numRuns: 3_000 },
    )
  })

  test('gives the same result when it arrives byte by byte', () => {
    fc.assert(
      fc.property(fc.oneof(oddAnswers, damagedAnswers), text => {
        expect(readPieces([...text])).toEqual(readPieces([text]))
      }),
      { numRuns: 500 },
    )
  })

  test('keeps the part of the body that arrives with the head', () => {
    expect(readPieces(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 'cd'])).toEqual({
      ...{ status: 200, location: null, length: 5, chunked: false, coding: '', mediaType: '', body: 'abcd' },
    })
    const encoded = 'Transfer-Encoding: chunked\r\nContent-Encoding: GZip\r\nContent-Type: text/html\r\n'
    expect(readPieces([`HTTP/1.1 200 OK\r\n${encoded}\r\n`])).toMatchObject({
      ...{ length: null, chunked: true, coding: 'gzip', mediaType: 'text/html' },
    })
    expect(readPieces(['HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n'])).toMatchObject({ length: 0 })
  })

  test('keeps the bytes of a Location, and encodes bytes that are not ASCII as percent escapes', () => {
    const head = (location: string) => `HTTP/1.1 302 Found\r\nLocation: ${location}\r\n\r\n`
    expect(readPieces([head('/gr\xf6\xdfe?q=\xe9 ')])).toMatchObject({ location: '/gr%F6%DFe?q=%E9' })
    expect(readPieces([head('/gr\xc3\xb6\xc3\x9fe')])).toMatchObject({ location: '/gr%C3%B6%C3%9Fe' })
    expect(readPieces([head('')])).toMatchObject({ location: null })
    expect(readPieces([head('\r\nLocation: /second')])).toMatchObject({ location: '/second' })
  })

  test.each(endless)('with an endless head is refused: %s', (_, text) => {
    expect(readPieces([text.slice(0, 15_000), text.slice(15_000)])).toBe(
      text.startsWith('x') ? 'protocol' : 'too-large',
    )
  })

  test.each(['SSH-2.0', '220 mail', 'h', '\0', '\n', '\r\rHTTP', 'HTTP/1.1\n', 'HTTP/3'])(
    'that is not HTTP is refused at its first bytes: %j',
    text => {
      expect(readPieces([text])).toBe(text === 'HTTP/3' ? 'reset' : 'protocol')
      expect(readPieces([`${text}.0 200 OK\r\n`])).toBe('protocol')
    },
  )

  test('may follow at most 1,000 informational responses', () => {
    const hint = 'HTTP/1.1 100 Continue\r\n\r\n'
    expect(readPieces([`${hint.repeat(1_000)}HTTP/1.1 200 OK\r\n\r\n`])).toMatchObject({ status: 200 })
    expect(readPieces([`${hint.repeat(1_001)}HTTP/1.1 200 OK\r\n\r\n`])).toBe('protocol')
  })
})

test('no URL can add a line to the request', () => {
  const pieces = fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string(), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(pieces, piece => {
      for (const url of [piece, `http://x.test/${piece}`, `http://${piece}.test/`, `http://x.test/?${piece}`]) {
        const read = httpEndpoint(url)
        if (!read.ok) continue
        const [first, host, ...others] = read.endpoint.request.split('\r\n')
        expect(first).toMatch(/^GET [!-~]+ HTTP\/1\.1$/)
        expect(host).toMatch(/^Host: [!-~]+$/)
        expect(others.join('\n')).toBe(
          'User-Agent: Vigia (uptime check)\nAccept: */*\nAccept-Encoding: identity\nConnection: close\n\n',
        )
      }
    }),
    { numRuns: 1_000 },
  )
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { responseReader } from '#functions/dial/response-reader.ts'
import { httpEndpoint } from '#functions/dial/target.ts'
import { damagedAnswers, oddAnswers } from '#test/functions/dial/support/answers.ts'

/** What becomes of an answer that comes in these pieces and then breaks off: what we know of it, or the fault. */
const readIn = (pieces: readonly string[]): object | string => {
  const read = responseReader()
  try {
    for (const [index, piece] of pieces.entries()) {
      const head = read(piece)
      if (head !== null) return { ...head, body: head.body + pieces.slice(index + 1).join('') }
    }
    return 'reset'
  } catch (fault) {
    return (fault as Error).message
  }
}

const cutAt = (text: string, places: readonly number[]) =>
  [0, ...places.map(place => place % (text.length + 1)).toSorted((a, b) => a - b), text.length]
    .map((from, index, all) => text.slice(from, all[index + 1]))
    .slice(0, -1)

/** Longer than a line that is kept. */
const long = [
  `HTTP/1.1 200 ${'x'.repeat(20_000)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nLocation: /${'x'.repeat(20_000)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\n${'x'.repeat(20_000)}: x\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\0\r\n\r\n`,
]
const million = 1024 * 1024
const endless = [
  `HTTP/1.1 200 ${'x'.repeat(million)}`,
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(million)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\n${'X: x\r\n'.repeat(million / 6)}\r\n`,
  '\r\n'.repeat(million / 2 + 1),
  `x${'HTTP/'.repeat(5_000)}`,
]

describe('an answer', () => {
  test('is read the same in one piece and in any others', () => {
    fc.assert(
      fc.property(
        fc.oneof(oddAnswers, damagedAnswers, fc.constantFrom(...long), fc.string({ unit: 'binary' })),
        fc.array(fc.nat(30_000), { maxLength: 12 }),
        (text, places) => {
          expect(readIn(cutAt(text, places))).toEqual(readIn([text]))
        },
      ),
      { numRuns: 3_000 },
    )
  })

  test('is read the same when it drips', () => {
    fc.assert(
      fc.property(fc.oneof(oddAnswers, damagedAnswers), text => {
        expect(readIn([...text])).toEqual(readIn([text]))
      }),
      { numRuns: 500 },
    )
  })

  test('keeps what the body has begun with', () => {
    expect(readIn(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 'cd'])).toEqual({
      ...{ status: 200, location: null, length: 5, body: 'abcd' },
    })
    expect(readIn(['HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n'])).toMatchObject({ length: 0 })
  })

  test('keeps the bytes of a Location that are not ASCII, percent-encoded', () => {
    const head = (location: string) => `HTTP/1.1 302 Found\r\nLocation: ${location}\r\n\r\n`
    expect(readIn([head('/gr\xf6\xdfe?q=\xe9 ')])).toMatchObject({ location: '/gr%F6%DFe?q=%E9' })
    expect(readIn([head('/gr\xc3\xb6\xc3\x9fe')])).toMatchObject({ location: '/gr%C3%B6%C3%9Fe' })
    expect(readIn([head('')])).toMatchObject({ location: null })
    expect(readIn([head('\r\nLocation: /second')])).toMatchObject({ location: '/second' })
  })

  test.each(endless)('without an end is refused: %.30s…', text => {
    expect(readIn([text.slice(0, 15_000), text.slice(15_000)])).toBe(text.startsWith('x') ? 'protocol' : 'too-large')
  })

  test.each(['SSH-2.0', '220 mail', 'h', '\0', '\n', '\r\rHTTP', 'HTTP/1.1\n', 'HTTP/3'])(
    'that is none is known at once: %j',
    text => {
      expect(readIn([text])).toBe(text === 'HTTP/3' ? 'reset' : 'protocol')
      expect(readIn([`${text}.0 200 OK\r\n`])).toBe('protocol')
    },
  )

  test('comes after so many others at most', () => {
    const hint = 'HTTP/1.1 100 Continue\r\n\r\n'
    expect(readIn([`${hint.repeat(1_000)}HTTP/1.1 200 OK\r\n\r\n`])).toMatchObject({ status: 200 })
    expect(readIn([`${hint.repeat(1_001)}HTTP/1.1 200 OK\r\n\r\n`])).toBe('protocol')
  })
})

test('no URL breaks out of its line of the request', () => {
  const pieces = fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string(), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(pieces, piece => {
      for (const given of [piece, `http://x.test/${piece}`, `http://${piece}.test/`, `http://x.test/?${piece}`]) {
        const read = httpEndpoint(given)
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

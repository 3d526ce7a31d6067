import { once } from 'node:events'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerReader } from '#functions/safe-answer.ts'
import { httpEndpoint } from '#functions/safe-target.ts'

/** What becomes of an answer that comes in these pieces and then breaks off: what we know of it, or the fault. */
const readIn = (pieces: readonly string[]): object | string => {
  const read = answerReader()
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

const answers = fc
  .record({
    before: fc.constantFrom('', '\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'),
    version: fc.constantFrom('1.1', '1.1', '1.0', '2.0'),
    status: fc.integer({ min: 102, max: 999 }),
    reason: fc.constantFrom('', ' ', ' OK', ' Not so \xfc'),
    headers: fc.array(
      fc.oneof(
        fc.constantFrom(
          ...['Location: /a', 'LOCATION:\t/\xc3\xb6 ', 'Location:', 'Content-Length: 2', 'content-length:0 '],
          ...['Content-Length: 2, 2', 'Content-Length: 0x2', 'Content-Length:', 'Content-Length: -1'],
          ...['Transfer-Encoding: chunked', 'transfer-encoding: gzip', 'Transfer-Encoding: '],
          ...[
            'Upgrade: h2c',
            'Connection: upgrade',
            'X-Tab: a\tb',
            'X-High: \xff',
            ' folded',
            'Space : x',
            'None',
            ': x',
          ],
        ),
        fc.stringMatching(/^[!-~]{1,8}: [ -~]{0,8}$/),
      ),
      { maxLength: 5 },
    ),
    body: fc.constantFrom('', 'ok', '2\r\nok\r\n0\r\n\r\n', 'zz\r\n'),
  })
  .map(({ before, version, status, reason, headers, body }) =>
    [`${before}HTTP/${version} ${status}${reason}`, ...headers, '', body].join('\r\n'),
  )

/** One byte more, less or another, where it hurts. */
const damaged = fc
  .tuple(answers, fc.nat(2_000), fc.constantFrom('', '\r', '\n', '\0', ' ', ':', '\x7f', '9', '\r\n'), fc.nat(1))
  .map(([text, place, byte, skipped]) => {
    const at = place % (text.length + 1)
    return text.slice(0, at) + byte + text.slice(at + skipped)
  })

const endless = [
  `HTTP/1.1 200 ${'x'.repeat(20_000)}`,
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  `HTTP/1.1 200 OK\r\n${'X: x\r\n'.repeat(4_000)}\r\n`,
  '\r\n'.repeat(10_000),
  `x${'HTTP/'.repeat(5_000)}`,
]

describe('an answer', () => {
  test('is read the same in one piece and in any others', () => {
    fc.assert(
      fc.property(
        fc.oneof(answers, damaged, fc.constantFrom(...endless), fc.string({ unit: 'binary' })),
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
      fc.property(fc.oneof(answers, damaged), text => {
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
    expect(readIn([`${hint.repeat(16)}HTTP/1.1 200 OK\r\n\r\n`])).toMatchObject({ status: 200 })
    expect(readIn([`${hint.repeat(17)}HTTP/1.1 200 OK\r\n\r\n`])).toBe('protocol')
  })
})

describe('beside node:http', () => {
  let text = ''
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(text, 'latin1'))
  })
  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
  afterAll(() => void server.close())

  const byNode = (given: string) =>
    new Promise<object | string>(resolve => {
      text = given
      const { port } = server.address() as { port: number }
      const asking = request({
        createConnection: () => connect({ host: '127.0.0.1', port }),
        headers: ['host', 'x.test', 'connection', 'close'],
        maxHeaderSize: 16 * 1024,
      })
      const tell = (found: object | string) => {
        resolve(found)
        asking.destroy()
      }
      asking.once('response', ({ statusCode, headers: { location = null } }) => {
        tell({ status: statusCode, location: location && Buffer.from(location, 'latin1').toString() })
      })
      asking.once('upgrade', () => tell('protocol'))
      asking.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
        tell(code === 'HPE_HEADER_OVERFLOW' ? 'too-large' : code === 'ECONNRESET' ? 'reset' : 'protocol'),
      )
      asking.end()
    })

  const byUs = (given: string) => {
    const found = readIn([given])
    if (typeof found === 'string') return found
    const { status, location } = found as { status: number; location: string | null }
    return { status, location }
  }

  test('an answer means the same, good or bad', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(answers, damaged), async given => {
        // A status below 100 is nothing to Node and a bad one to us: the check fails either way. And Node lets halves of empty lines pass.
        fc.pre(!/ 0\d\d/.test(given) && !/(?:^|\r\n)(?:\r(?!\n)|\n)/.test(given))
        expect(byUs(given)).toEqual(await byNode(given))
      }),
      { numRuns: 600 },
    )
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

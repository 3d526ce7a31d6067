import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { responseReader } from '#functions/dial/response-reader.ts'
import { damagedAnswers, oddAnswers } from '#test/functions/dial/support/answers.ts'
import { type CurlVerdict, curlVerdicts, curlVersion } from '#test/functions/dial/support/curl.ts'
import recorded from '#test/functions/dial/support/curl-verdicts.json' with { type: 'json' }

/** The status that our reader reads; null if the reader refuses the response, undefined if the head is incomplete. */
const readStatus = (answer: string): number | null | undefined => {
  try {
    return responseReader()(answer)?.status
  } catch {
    return null
  }
}

/**
 * Whether a response has a form that our reader deliberately treats differently from curl. curl reads `HTTP/2400` as
 * HTTP/2 with status 400, and accepts a status of four digits after `HTTP/2`. curl also ignores a NUL at the start of a
 * line, and accepts blanks in the version and sometimes the version HTTP/1.2. curl refuses a response with a line break
 * before the status line, although browsers accept such a response.
 */
const isQuirk = (answer: string) =>
  /HTTP\/(?:2\d|2[\t ]+\d{4}|\s|\d\s?\.\s)|^[\r\n]|\n\0|1\.(?:[2-9]|\d?[\t\r])/.test(answer)

const isComparable = (answer: string, curl: CurlVerdict) =>
  curl !== undefined && readStatus(answer) !== undefined && !isQuirk(answer)

const ok = 'HTTP/1.1 200 OK\r\n'
const chunked = 'Transfer-Encoding: chunked\r\n'
const chunks = '2\r\nok\r\n0\r\n\r\n'
const kilobyte = `X: ${'a'.repeat(1_019)}\r\n`

/** Responses with the expected status; null means that the response must be refused. */
const responses: Record<string, [answer: string, status: number | null]> = {
  'a blank before the colon': [`${ok}X-By : box\r\n\r\nok`, 200],
  'a blank in a header name': [`${ok}X By: box\r\n\r\nok`, 200],
  'two blanks in the status line': ['HTTP/1.1  200 OK\r\n\r\nok', 200],
  'no blank before the reason': ['HTTP/1.1 200OK\r\n\r\nok', 200],
  'no reason': ['HTTP/1.1 200\r\n\r\nok', 200],
  'HTTP/2 in the status line': ['HTTP/2 200\r\n\r\nok', 200],
  'HTTP/2.0 in the status line': ['HTTP/2.0 200 OK\r\n\r\nok', 200],
  'HTTP/1.0': ['HTTP/1.0 200 OK\r\n\r\nok', 200],
  'line ends of LF alone': ['HTTP/1.1 200 OK\nX: y\n\nok', 200],
  'line ends with two CR': ['HTTP/1.1 200 OK\r\r\nX: y\r\r\n\r\r\nok', 200],
  'a CR inside of a line': ['HTTP/1.1 200 OK\rX: y\r\n\r\nok', 200],
  'folded lines': [`${ok}X: a\r\n b\r\n\tc\r\n\r\nok`, 200],
  'an empty header name': [`${ok}: x\r\n\r\nok`, 200],
  'high bytes': [`${ok}X: \xff\xfe\x80\r\n\r\nok`, 200],
  'control characters': [`${ok}X: \x01\x7f\x1b\r\n\r\nok`, 200],
  'chunks, then a length': [`${ok}${chunked}Content-Length: 5\r\n\r\n${chunks}`, 200],
  'a length, then chunks': [`${ok}Content-Length: 5\r\n${chunked}\r\n${chunks}`, 200],
  'the same length twice in a line': [`${ok}Content-Length: 2, 2\r\n\r\nok`, 200],
  'the same length in two lines': [`${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`, 200],
  'two lengths that differ': [`${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nok`, 200],
  'a length with something after it': [`${ok}Content-Length: 2x\r\n\r\nok`, 200],
  'a length with a plus': [`${ok}Content-Length: +2\r\n\r\nok`, 200],
  'a length of thirty digits': [`${ok}Content-Length: ${'9'.repeat(30)}\r\n\r\nok`, 200],
  'a body shorter than its length': [`${ok}Content-Length: 10\r\n\r\nok`, 200],
  'an unknown transfer coding': [`${ok}Transfer-Encoding: foo\r\n\r\nok`, 200],
  'the transfer coding identity': [`${ok}Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok`, 200],
  'chunks with extensions': [`${ok}${chunked}\r\n2;x="y"\r\nok\r\n0\r\n\r\n`, 200],
  'a chunked body without a valid chunk': [`${ok}${chunked}\r\nzz\r\n`, 200],
  '204 with a body': ['HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok', 204],
  '304 with a body': ['HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\nok', 304],
  '256 KiB of headers': [`${ok}${kilobyte.repeat(256)}\r\nok`, 200],
  'a header of 90 KiB': [`${ok}X: ${'a'.repeat(90 * 1024)}\r\n\r\nok`, 200],
  'forty 1xx responses before the final response': [
    `${'HTTP/1.1 103 Hint\r\nX: y\r\n\r\n'.repeat(40)}${ok}\r\nok`,
    200,
  ],
  'a non-standard status': ['HTTP/1.1 999 Odd\r\n\r\n', 999],
  'status 600': ['HTTP/1.1 600 Odd\r\n\r\n', 600],
  'status 000': ['HTTP/1.1 000 Odd\r\n\r\n', null],
  'status 99': ['HTTP/1.1 99 Odd\r\n\r\n', null],
  'status 099': ['HTTP/1.1 099 Odd\r\n\r\n', null],
  'status 1000': ['HTTP/1.1 1000 Odd\r\n\r\n', null],
  'status 20x': ['HTTP/1.1 20x Odd\r\n\r\n', null],
  'status 101 without a request for an upgrade': ['HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n', null],
  'HTTP/1.2': ['HTTP/1.2 200 OK\r\n\r\nok', null],
  'HTTP/3': ['HTTP/3 200\r\n\r\nok', null],
  'no version': ['HTTP 200 OK\r\n\r\nok', null],
  'a body without a head (HTTP/0.9)': ['<html>hello</html>\r\n\r\n', null],
  'another protocol': ['ICY 200 OK\r\n\r\nok', null],
  'a blank before the status line': [' HTTP/1.1 200 OK\r\n\r\nok', null],
  'a tab before the status': ['HTTP/1.1\t200 OK\r\n\r\nok', null],
  'a line without a colon': [`${ok}nonsense\r\n\r\nok`, null],
  'a NUL in a header': [`${ok}X: a\0b\r\n\r\nok`, null],
  'a NUL in the status line': ['HTTP/1.1 200 O\0K\r\n\r\nok', null],
  'a negative length': [`${ok}Content-Length: -1\r\n\r\nok`, null],
  'a length that is a word': [`${ok}Content-Length: two\r\n\r\nok`, null],
  'an empty length': [`${ok}Content-Length:\r\n\r\nok`, null],
}

describe('a response with', () => {
  test.each(Object.entries(responses))('%s is read or refused as expected', (_, [answer, status]) => {
    expect(readStatus(answer)).toBe(status)
  })
})

/** Our limit of 1 MiB is larger than curl's. Go accepts 1 MB of headers; Chromium accepts one header of 256 KiB. */
test('a head of up to 1 MiB is read, with many short lines or with a single long one', () => {
  expect(readStatus(`${ok}${kilobyte.repeat(1_023)}\r\nok`)).toBe(200)
  expect(readStatus(`${ok}X: ${'a'.repeat(1_000_000)}\r\n\r\nok`)).toBe(200)
  expect(readStatus(`${ok}${kilobyte.repeat(1_025)}\r\nok`)).toBeNull()
})

test('recorded responses have the status that curl reads', () => {
  const compared = (recorded.verdicts as [number | null, string][]).filter(([curl, answer]) =>
    isComparable(answer, curl),
  )
  expect(compared.length).toBeGreaterThan(300)
  expect(compared.map(([, answer]) => [readStatus(answer), answer])).toEqual(compared)
})

describe.skipIf(curlVersion() === null)('compared with curl on this machine', () => {
  test('the responses above have the same status', async () => {
    const answers = Object.values(responses).map(([answer]) => answer)
    const verdicts = await curlVerdicts(answers)
    expect(Object.keys(responses).map((name, index) => [name, verdicts[index]])).toEqual(
      Object.entries(responses).map(([name, [, status]]) => [name, status]),
    )
  })

  test('generated responses that curl reads have the same status', async () => {
    const answers = fc.sample(fc.oneof(oddAnswers, damagedAnswers), { numRuns: 400, seed: 8 })
    const verdicts = await curlVerdicts(answers)
    // Other versions of curl refuse more responses than the recorded version, so those refusals are not compared.
    const isStrict = curlVersion() === recorded.curl
    const compared = answers
      .map((answer, index): [CurlVerdict, string] => [verdicts[index], answer])
      .filter(([curl, answer]) => isComparable(answer, curl) && (isStrict || curl !== null))
    expect(compared.map(([, answer]) => [readStatus(answer), answer])).toEqual(compared)
  })
})

import fc from 'fast-check'

/** HTTP responses (Latin-1) with the irregularities of real servers. Most of the responses are readable. */
export const oddAnswers = fc
  .record({
    before: fc.constantFrom('', '', '', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n', 'HTTP/1.1 100\r\n\r\n'),
    protocol: fc.constantFrom(
      ...['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/2', 'HTTP/3', 'HTTP/1.2'],
      ...['HTTP/1.10', 'HTTP', 'ICY', ' HTTP/1.1'],
    ),
    gap: fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t', ''),
    status: fc.oneof(
      fc.integer({ min: 102, max: 999 }).map(String),
      fc.constantFrom('000', '99', '099', '600', '1000', '2000', '20', '2x0', '-200', '', '200', '200', '200'),
    ),
    reason: fc.constantFrom('', ' ', ' OK', 'OK', ' Not so \xfc', '\tOK', ' a\0b'),
    headers: fc.array(
      fc.oneof(
        fc.constantFrom(
          ...['Location: /a', 'LOCATION:\t/\xc3\xb6 ', 'Location:', 'Content-Length: 2', 'content-length:0 '],
          ...['Content-Length: 2, 2', 'Content-Length: 0x2', 'Content-Length:', 'Content-Length: -1'],
          ...['Content-Length: +2', 'Content-Length: 2x', `Content-Length: ${'9'.repeat(30)}`, 'Content-Length : 7'],
          ...['Transfer-Encoding: chunked', 'transfer-encoding: gzip', 'Transfer-Encoding: ', 'Transfer-Encoding: foo'],
          ...['Transfer-Encoding: gzip, chunked', 'Content-Encoding: gzip', 'Connection: keep-alive'],
          ...['Upgrade: h2c', 'X-Tab: a\tb', 'X-High: \xff', ' folded', '\tfol: ded', 'Space : x', 'X By: x', 'None'],
          ...[': x', 'X-Nul: a\0b', 'X-Return: a\rb', 'Set-Cookie: a=b\x01', `X-Long: ${'x'.repeat(20_000)}`],
        ),
        fc.stringMatching(/^[!-~]{1,8}: [ -~]{0,8}$/),
      ),
      { maxLength: 5 },
    ),
    lineEnd: fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r\r\n'),
    body: fc.constantFrom('', 'ok', '2\r\nok\r\n0\r\n\r\n', 'zz\r\n', '2;x=y\r\nok\r\n0\r\n\r\n', 'a\0b'),
  })
  .map(({ before, protocol, gap, status, reason, headers, lineEnd, body }) =>
    [`${before}${protocol}${gap}${status}${reason}`, ...headers, '', body].join(lineEnd),
  )

/** The same responses with one byte (or CR LF) inserted, removed or replaced at a random place. */
export const damagedAnswers = fc
  .tuple(oddAnswers, fc.nat(2_000), fc.constantFrom('', '\r', '\n', '\0', ' ', ':', '\x7f', '9', '\r\n'), fc.nat(1))
  .map(([text, place, byte, skipped]) => {
    const at = place % (text.length + 1)
    return text.slice(0, at) + byte + text.slice(at + skipped)
  })

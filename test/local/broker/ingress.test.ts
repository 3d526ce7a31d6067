import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { ingress } from '#local/broker/ingress.ts'
import { repeated, sendUntilResponse } from '#test/functions/dial/support/raw.ts'

test.each([
  ['with Content-Length', 'Content-Length: 3145728', 'x'.repeat(65_536)],
  ['in chunks', 'Transfer-Encoding: chunked', `10000\r\n${'x'.repeat(65_536)}\r\n`],
])('an event of 3 MiB gets its 413 while the sender is still writing: %s', async (_, lengthHeader, piece) => {
  const { handler } = ingress({
    path: '/vigia/default',
    accept: () => {},
    onRefused: () => {},
    clock: () => new Date(),
  })
  const server = createServer(handler).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const head = `POST /vigia/default HTTP/1.1\r\nHost: x\r\nCe-Id: 1\r\n${lengthHeader}\r\n\r\n`
  expect(await sendUntilResponse((server.address() as AddressInfo).port, head, repeated(48, piece))).toBe(413)
  server.closeAllConnections()
  server.close()
})

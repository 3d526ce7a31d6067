import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that a receiver got. */
export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** A receiver of webhooks. `answer` is its status, or `never` for one that does not answer. */
export const startReceiver = async () => {
  const received: Received[] = []
  const state: { answer: number | 'never'; location?: string } = { answer: 204 }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', piece => {
      body += piece
    })
    request.on('end', () => {
      received.push({ path: request.url!, headers: request.headers, body })
      if (state.answer !== 'never')
        response.writeHead(state.answer, state.location === undefined ? {} : { location: state.location }).end('no')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    received,
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    stop: () => new Promise<void>(resolve => server.close(() => resolve()).closeAllConnections()),
  }
}

/**
 * Whether a receiver with this secret accepts a request, as the specification of Standard Webhooks says it: one of the
 * signatures is that of the id, the time and the body, and the time is at most five minutes away.
 */
export const accepts = (secret: string, { headers, body }: Pick<Received, 'headers' | 'body'>, now: Date): boolean => {
  const [id, timestamp] = [headers['webhook-id'], headers['webhook-timestamp']]
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > 300) return false
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .some(signature => {
      const [version, given = ''] = signature.split(',')
      const bytes = Buffer.from(given, 'base64')
      return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected)
    })
}

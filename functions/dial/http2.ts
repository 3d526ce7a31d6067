import { connect } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Trip } from './dial-attempt.ts'
import { Fault } from './dial-error.ts'
import type { AnswerHead } from './response-reader.ts'
import { type Endpoint, headersFor } from './target.ts'

/** Asks by HTTP/2 on a connection that agreed to speak it; resolves with the head of the answer. The body is not read. */
export const askByHttp2 = async ({ url }: Endpoint, socket: TLSSocket, trip: Trip): Promise<AnswerHead> => {
  const session = connect(url.origin, { createConnection: () => socket })
  try {
    return await trip.stage<AnswerHead>((resolve, reject) => {
      const broken = () => reject(new Fault('protocol'))
      session.on('error', broken)
      const stream = session.request(
        { ':path': `${url.pathname}${url.search}`, ...headersFor(url) },
        { endStream: true },
      )
      stream.on('error', broken)
      stream.on('close', () => reject(new Fault('reset')))
      stream.on('response', ({ ':status': status = 0, location = '' }) =>
        resolve({ status, location: location || null, length: 0, body: '' }),
      )
    })
  } finally {
    session.destroy()
  }
}

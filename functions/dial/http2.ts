import { connect } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Attempt } from './dial-attempt.ts'
import { DialError } from './dial-error.ts'
import type { ResponseHead } from './response-reader.ts'
import { type Endpoint, headersFor } from './target.ts'

/** Asks by HTTP/2 on a connection that agreed to speak it; resolves with the head of the answer. The body is not read. */
export const askByHttp2 = async ({ url }: Endpoint, socket: TLSSocket, trip: Attempt): Promise<ResponseHead> => {
  const session = connect(url.origin, { createConnection: () => socket })
  try {
    return await trip.waitFor<ResponseHead>((resolve, reject) => {
      const broken = () => reject(new DialError('protocol'))
      session.on('error', broken)
      const stream = session.request(
        { ':path': `${url.pathname}${url.search}`, ...headersFor(url) },
        { endStream: true },
      )
      stream.on('error', broken)
      stream.on('close', () => reject(new DialError('reset')))
      stream.on('response', ({ ':status': status = 0, location = '' }) =>
        resolve({ status, location: location || null, length: 0, body: '' }),
      )
    })
  } finally {
    session.destroy()
  }
}

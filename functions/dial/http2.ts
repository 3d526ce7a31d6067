import { connect } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Attempt } from './dial-attempt.ts'
import { DialError } from './dial-error.ts'
import type { ResponseHead } from './response-reader.ts'
import { type Endpoint, headersFor } from './target.ts'

/** Sends the request by HTTP/2 and resolves with the head of the response. The body is not read. */
export const requestByHttp2 = async ({ url }: Endpoint, socket: TLSSocket, attempt: Attempt): Promise<ResponseHead> => {
  const session = connect(url.origin, { createConnection: () => socket })
  try {
    return await attempt.waitFor<ResponseHead>((resolve, reject) => {
      const onError = () => reject(new DialError('protocol'))
      session.on('error', onError)
      const stream = session.request(
        { ':path': `${url.pathname}${url.search}`, ...headersFor(url) },
        { endStream: true },
      )
      stream.on('error', onError)
      stream.on('close', () => reject(new DialError('reset')))
      stream.on('response', ({ ':status': status = 0, location = '' }) =>
        resolve({ status, location: location || null, length: 0, body: '' }),
      )
    })
  } finally {
    session.destroy()
  }
}

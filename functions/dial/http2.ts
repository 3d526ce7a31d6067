import { connect } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Attempt } from './dial-attempt.ts'
import { DialError } from './dial-error.ts'
import { decodedBody, type HttpBody } from './http-body.ts'
import type { BodyOptions, HttpResponse } from './http1.ts'
import type { ResponseHead } from './response-reader.ts'

/** A request as HTTP/2 sends it. */
export interface Http2Request {
  url: URL
  method: string
  headers: Readonly<Record<string, string>>
  body?: string | undefined
}

/**
 * Sends the request by HTTP/2 and resolves with the head of the response, after the wanted body has been read. Without
 * `bodyOptions`, the body is not read.
 */
export const requestByHttp2 = async (
  { url, method, headers, body }: Http2Request,
  socket: TLSSocket,
  attempt: Attempt,
  bodyOptions?: BodyOptions,
): Promise<HttpResponse> => {
  const session = connect(url.origin, { createConnection: () => socket })
  const pieces: Buffer[] = []
  let size = 0
  try {
    return await attempt.waitFor<HttpResponse>((resolve, reject) => {
      const onError = () => reject(new DialError('protocol'))
      session.on('error', onError)
      const stream = session.request(
        { ':method': method, ':path': `${url.pathname}${url.search}`, ...headers },
        { endStream: body === undefined },
      )
      if (body !== undefined) stream.end(body)
      stream.on('error', onError)
      stream.on('close', () => reject(new DialError('reset')))
      stream.on('response', response => {
        const head = headOf(response)
        if (bodyOptions === undefined || (head.location !== null && !bodyOptions.ofRedirects)) return resolve(head)
        const { maxBytes } = bodyOptions
        const finish = (isComplete: boolean) =>
          decodedBody(Buffer.concat(pieces).subarray(0, maxBytes), head, isComplete, maxBytes).then(
            (content: HttpBody) => resolve({ ...head, content }),
            reject,
          )
        stream.on('data', (piece: Buffer) => {
          try {
            attempt.holdBytes(piece.length)
          } catch (error) {
            return reject(error as DialError)
          }
          pieces.push(piece)
          size += piece.length
          if (size <= maxBytes) return
          stream.pause()
          void finish(false)
        })
        stream.on('end', () => void finish(true))
      })
    })
  } finally {
    session.destroy()
  }
}

const headOf = (headers: Readonly<Record<string, unknown>>): ResponseHead => ({
  status: Number(headers[':status'] ?? 0),
  location: textOf(headers.location) || null,
  length: 0,
  chunked: false,
  coding: textOf(headers['content-encoding']).trim().toLowerCase(),
  mediaType: textOf(headers['content-type']),
  body: '',
})

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

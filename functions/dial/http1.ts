import type { Connection } from './connection.ts'
import type { Attempt } from './dial-attempt.ts'
import { DialError } from './dial-error.ts'
import { bodyCollector, decodedBody, type HttpBody } from './http-body.ts'
import { isRedirect, type ResponseHead, responseReader } from './response-reader.ts'

/**
 * Limits for reading a body. The body is not needed, because the status decides the check. A short body is read to its
 * end, so that the server can close the connection in the normal way.
 */
const maxBodyBytes = 16 * 1024
const maxBodyMs = 200

const lastChunk = '0\r\n\r\n'

/** The head of a response, and its body if the request wanted it. */
export interface HttpResponse extends ResponseHead {
  content?: HttpBody
}

/** How the body of a response is read. */
export interface BodyOptions {
  maxBytes: number
  /** The response to HEAD has a length but no body. */
  isHead: boolean
  /** Whether the body of a redirect is wanted too. */
  ofRedirects: boolean
}

/**
 * Sends the text of a request by HTTP/1.1 and resolves with the head of the response, after a short body or the wanted
 * body has been read.
 */
export const requestByHttp1 = async (
  request: string,
  connection: Connection,
  attempt: Attempt,
  bodyOptions?: BodyOptions,
): Promise<HttpResponse> => {
  const started = performance.now()
  const head = await attempt.waitFor<ResponseHead>((resolve, reject) => {
    const read = responseReader()
    let isComplete = false
    // Every connection ends, and an Error is expensive, so the error is created only if the response is incomplete.
    const onClose = () => {
      if (!isComplete) reject(new DialError('reset'))
    }
    connection.socket.on('end', onClose).on('close', onClose)
    connection.onData = piece => {
      try {
        const head = read(piece)
        if (head === null) return
        isComplete = true
        connection.onData = more => {
          head.body += more
        }
        resolve(head)
      } catch (error) {
        reject(error as DialError)
      }
    }
    connection.socket.write(request, 'latin1')
  })
  attempt.addPhaseTime('firstByteMs', started)
  // The body of a redirect is not read, because it may never end and the attempt continues at the next URL.
  if (isRedirect(head) && !bodyOptions?.ofRedirects) connection.socket.destroy()
  else if (bodyOptions !== undefined)
    return { ...head, content: await readBody(head, connection, attempt, bodyOptions) }
  else if (!isBodyRead(head)) await readShortBody(head, connection)
  return head
}

/** Reads the body up to the limit. Rejects if the connection ends before the body is complete. */
const readBody = async (
  head: ResponseHead,
  connection: Connection,
  attempt: Attempt,
  { maxBytes, isHead }: BodyOptions,
): Promise<HttpBody> => {
  const collector = bodyCollector(isHead ? { length: 0, chunked: false } : head, maxBytes)
  const add = (piece: string): boolean => {
    attempt.holdBytes(piece.length)
    return collector.add(piece)
  }
  if (!add(head.body))
    await attempt.waitFor<void>((resolve, reject) => {
      const onClose = () => (collector.isEnded() ? resolve() : reject(new DialError('reset')))
      connection.socket.on('end', onClose).on('close', onClose)
      connection.onData = piece => {
        try {
          if (add(piece)) resolve()
        } catch (error) {
          reject(error as DialError)
        }
      }
    })
  connection.onData = () => {}
  const raw = Buffer.from(collector.text(), 'latin1')
  return decodedBody(raw, head, collector.isEnded() && !collector.isTooLong(), maxBytes)
}

/**
 * Whether the body is complete, or longer than the limit. A body that contains text like the last chunk may count as
 * complete too early, which does no harm.
 */
const isBodyRead = ({ length, body }: ResponseHead) =>
  body.length > maxBodyBytes || (length === null ? body.endsWith(lastChunk) : body.length >= length)

/**
 * Resolves at the end of the body, at a limit, or when the connection ends. The result of the check is the same in each
 * case.
 */
const readShortBody = (head: ResponseHead, connection: Connection) =>
  new Promise<void>(resolve => {
    const timer = setTimeout(resolve, maxBodyMs)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    connection.onData = more => {
      head.body += more
      if (isBodyRead(head)) done()
    }
    connection.socket.on('end', done).on('close', done)
  })

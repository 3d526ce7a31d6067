import type { Connection } from './connection.ts'
import type { Attempt } from './dial-attempt.ts'
import { DialError } from './dial-error.ts'
import { isRedirect, type ResponseHead, responseReader } from './response-reader.ts'
import type { Endpoint } from './target.ts'

/**
 * Limits for reading a body. The body is not needed, because the status decides the check. A short body is read to its
 * end, so that the server can close the connection in the normal way.
 */
const maxBodyBytes = 16 * 1024
const maxBodyMs = 200

const lastChunk = '0\r\n\r\n'

/** Sends the request by HTTP/1.1 and resolves with the head of the response, after a short body has been read. */
export const requestByHttp1 = async (
  { request }: Endpoint,
  connection: Connection,
  attempt: Attempt,
): Promise<ResponseHead> => {
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
    connection.socket.write(request)
  })
  attempt.addPhaseTime('firstByteMs', started)
  // The body of a redirect is not read, because it may never end and the attempt continues at the next URL.
  if (isRedirect(head)) connection.socket.destroy()
  else if (!isBodyRead(head)) await readShortBody(head, connection)
  return head
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

import type { IncomingMessage, ServerResponse } from 'node:http'

/** The largest body that a function accepts. Our events are much smaller. */
export const maxBodyBytes = 1024 * 1024

/**
 * The maximum number of bytes that are read and discarded of a body that is too large. They are read because some
 * senders read no response before they have sent the whole body.
 */
const maxDiscardedBytes = 16 * maxBodyBytes

/**
 * The maximum number of bytes that are read and discarded when a request was refused before its body was read. It is
 * low, because the request may come from an unknown sender and should cost little.
 */
export const maxRefusedBodyBytes = 64 * 1024

/** Whether a request has a body, which may be empty. */
export const hasBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined

/**
 * Reads the whole body and returns its first `keptBytes`. Returns undefined if the body is too large. Rejects when the
 * sender closes the connection before the end of the body.
 */
export const readBody = (
  request: IncomingMessage,
  response: ServerResponse,
  keptBytes = maxBodyBytes,
): Promise<Buffer | undefined> => {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
    discardBody(request, response)
    return Promise.resolve(undefined)
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const onData = (chunk: Buffer) => {
      const room = keptBytes - bytes
      bytes += chunk.length
      if (bytes <= maxBodyBytes) {
        if (chunk.length <= room) chunks.push(chunk)
        // A copy, because a part of the chunk would keep all of it in memory.
        else if (room > 0) chunks.push(Buffer.from(chunk.subarray(0, room)))
        return
      }
      request.off('data', onData)
      discardBody(request, response)
      resolve(undefined)
    }
    request.on('data', onData)
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.once('error', reject)
  })
}

/** The time that a sender has to read our response after we stop reading its body. */
const lingerMs = 1_000

/**
 * Reads the rest of an unwanted body and discards it. After `maxBytes`, stops reading and closes the connection a
 * second later. Call this function before the response is sent, so that the response can announce that the connection
 * will close.
 */
export const discardBody = (request: IncomingMessage, response: ServerResponse, maxBytes = maxDiscardedBytes): void => {
  const { headers, socket } = request
  const announcedBytes =
    headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Number.POSITIVE_INFINITY
  if (announcedBytes > maxBytes && !response.headersSent) {
    response.setHeader('connection', 'close')
    // Node would close the connection at once. A sender that is still writing could then get a reset before it reads
    // the response.
    const destroySoon = socket.destroySoon.bind(socket)
    socket.destroySoon = () => {
      socket.end()
      if (request.complete) destroySoon()
      else request.once('end', destroySoon)
    }
  }
  let bytes = 0
  const onData = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxBytes) return
    request.off('data', onData)
    request.pause()
    setTimeout(() => request.destroy(), lingerMs).unref()
  }
  request.on('data', onData)
  request.on('error', () => {})
}

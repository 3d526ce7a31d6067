import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** The most that a request may carry: events are small, and what is larger is no event of ours. */
export const maxBodyBytes = 1024 * 1024

/** Read and dropped after a refusal, because some senders read no answer before they have sent everything. */
const mostDroppedBytes = 16 * maxBodyBytes

/** The same for a stranger's body, which is worth less work. */
export const maxRefusedBodyBytes = 64 * 1024

/** The whole body, or undefined where it is too large. Rejects when the sender goes before its end. */
export const readBody = (request: IncomingMessage, response: ServerResponse): Promise<Buffer | undefined> => {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
    discardBody(request, response)
    return Promise.resolve(undefined)
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBodyBytes) return void chunks.push(chunk)
      request.off('data', take)
      discardBody(request, response)
      resolve(undefined)
    }
    request.on('data', take)
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.once('error', reject)
  })
}

/** How long a sender has to see our answer once we read no more. */
const lingerMs = 1_000

/**
 * Reads what is left of an unwanted body and forgets it. After `most` bytes it reads no more and soon closes the
 * connection. Call it before answering, so that the answer can say that the connection will not be used again.
 */
export const discardBody = (request: IncomingMessage, response: ServerResponse, most = mostDroppedBytes): void => {
  const { headers, socket } = request
  const announced =
    headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Number.POSITIVE_INFINITY
  if (announced > most && !response.headersSent) {
    response.setHeader('connection', 'close')
    // Node would close at once, and a sender that is still writing could meet a reset before it reads the answer.
    const destroySoon = socket.destroySoon.bind(socket)
    socket.destroySoon = () => {
      socket.end()
      if (request.complete) destroySoon()
      else request.once('end', destroySoon)
    }
  }
  let bytes = 0
  const drop = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= most) return
    request.off('data', drop)
    request.pause()
    setTimeout(() => request.destroy(), lingerMs).unref()
  }
  request.on('data', drop)
  request.on('error', () => {})
}

/** Whether a request means to be an event, valid or not. */
export const isEventRequest = (headers: IncomingHttpHeaders): boolean =>
  headers['ce-id'] !== undefined ||
  headers['ce-type'] !== undefined ||
  headers['ce-specversion'] !== undefined ||
  mediaTypeOf(headers['content-type']).startsWith('application/cloudevents')

/** `application/json` of `Application/JSON; charset=utf-8`; '' of none. */
export const mediaTypeOf = (contentType = ''): string => contentType.split(';', 1)[0]!.trim().toLowerCase()

import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'

export interface PostRequest {
  /** `http://127.0.0.1:41234` */
  origin: string
  /** The path with its query. */
  path: string
  /** Names and values alternate. */
  headers: string[]
  body: Buffer
  timeoutMs: number
}

export interface PostResponse {
  status: number
  headers: IncomingHttpHeaders
  /** At most `maxResponseBytes`, plus the rest of the chunk that exceeded it. */
  body: Buffer
}

/**
 * How much of a response body is read: enough for a whole event. The limit prevents a subscriber from filling the
 * memory.
 */
export const maxResponseBytes = 1024 * 1024

const connectTimeoutMs = 10_000

export class TimedOut extends Error {}

export interface HttpPoster {
  /** Rejects with TimedOut, or with the network's error. Redirects are not followed. */
  post(request: PostRequest): Promise<PostResponse>
  /** Aborts requests in flight. */
  close(): Promise<void>
}

/**
 * Loads the HTTP client, which posts over connections that are kept open. Loading it takes a moment, so do other work
 * in parallel.
 */
export const startPoster = async (): Promise<HttpPoster> => {
  const { Agent } = await import('undici')
  // undici's own timeouts are off, because the `timeoutMs` of each request decides how long a subscriber may take.
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: connectTimeoutMs } })
  return {
    post: request =>
      new Promise((resolve, reject) =>
        agent.dispatch(dispatchOptions(request), responseHandler(request, resolve, reject)),
      ),
    close: () => agent.destroy(),
  }
}

const dispatchOptions = ({ origin, path, headers, body }: PostRequest): Dispatcher.DispatchOptions => ({
  origin,
  path,
  method: 'POST',
  headers,
  body,
})

const emptyBody = Buffer.alloc(0)

const responseHandler = (
  { timeoutMs }: PostRequest,
  resolve: (response: PostResponse) => void,
  reject: (error: Error) => void,
): Dispatcher.DispatchHandler => {
  let controller: Dispatcher.DispatchController | undefined
  let status = 0
  let headers: IncomingHttpHeaders = {}
  let chunks: Buffer[] | undefined
  let size = 0
  /** Whether the promise is settled. The error of an abort after that is not reported. */
  let isOver = false
  const timer = setTimeout(() => {
    isOver = true
    const error = new TimedOut(`no response within ${timeoutMs} ms`)
    controller?.abort(error)
    reject(error)
  }, timeoutMs)
  const finish = () => {
    clearTimeout(timer)
    resolve({ status, headers, body: chunks ? Buffer.concat(chunks) : emptyBody })
  }
  return {
    onRequestStart: started => {
      controller = started
      if (isOver) started.abort(new TimedOut('the request timed out before it was sent'))
    },
    onResponseStart: (_, code, received) => {
      status = code
      headers = received as IncomingHttpHeaders
    },
    onResponseData: (reading, chunk) => {
      chunks ??= []
      chunks.push(chunk)
      size += chunk.length
      if (size <= maxResponseBytes) return
      isOver = true
      finish()
      reading.abort(new Error(`the response is longer than ${maxResponseBytes} bytes`))
    },
    onResponseEnd: finish,
    onResponseError: (_, error) => {
      clearTimeout(timer)
      if (!isOver) reject(error)
    },
  }
}

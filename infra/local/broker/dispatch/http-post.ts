import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'

export interface Posting {
  /** `http://127.0.0.1:41234` */
  origin: string
  /** With its query. */
  path: string
  /** Names and values in turn. */
  headers: string[]
  body: Buffer
  timeoutMs: number
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** At most `mostAnswer` bytes and the chunk that went over. */
  body: Buffer
}

/** A whole event fits, and no subscriber can fill the memory. */
export const mostAnswer = 1024 * 1024

export class TimedOut extends Error {}

export interface Poster {
  /** Rejects with TimedOut, or with the network's error. Redirects are not followed. */
  post(posting: Posting): Promise<Answer>
  /** Cuts what is in flight. */
  close(): Promise<void>
}

/** Posts over kept connections. Loads its HTTP client when asked for, so start it beside other work. */
export const startPoster = async (): Promise<Poster> => {
  const { Agent } = await import('undici')
  // Deadlines are ours: a subscriber without one may take as long as Knative would let it.
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } })
  return {
    post: posting =>
      new Promise((resolve, reject) => agent.dispatch(request(posting), exchange(posting, resolve, reject))),
    close: () => agent.destroy(),
  }
}

const request = ({ origin, path, headers, body }: Posting): Dispatcher.DispatchOptions => ({
  origin,
  path,
  method: 'POST',
  headers,
  body,
})

const nothing = Buffer.alloc(0)

const exchange = (
  { timeoutMs }: Posting,
  resolve: (answer: Answer) => void,
  reject: (error: Error) => void,
): Dispatcher.DispatchHandler => {
  let controller: Dispatcher.DispatchController | undefined
  let status = 0
  let headers: IncomingHttpHeaders = {}
  let chunks: Buffer[] | undefined
  let size = 0
  let over = false
  const timer = setTimeout(() => {
    over = true
    const late = new TimedOut(`no answer within ${timeoutMs} ms`)
    controller?.abort(late)
    reject(late)
  }, timeoutMs)
  const answer = () => {
    clearTimeout(timer)
    resolve({ status, headers, body: chunks ? Buffer.concat(chunks) : nothing })
  }
  return {
    onRequestStart: started => {
      controller = started
      if (over) started.abort(new TimedOut('too late'))
    },
    onResponseStart: (_, code, said) => {
      status = code
      headers = said as IncomingHttpHeaders
    },
    onResponseData: (reading, chunk) => {
      chunks ??= []
      chunks.push(chunk)
      size += chunk.length
      if (size <= mostAnswer) return
      over = true
      answer()
      reading.abort(new Error('the answer is too long'))
    },
    onResponseEnd: answer,
    onResponseError: (_, error) => {
      clearTimeout(timer)
      if (!over) reject(error)
    },
  }
}

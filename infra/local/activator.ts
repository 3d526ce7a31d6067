import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import {
  type FunctionPool,
  type FunctionReport,
  functionPool,
  type Say,
  type Slot,
  Unavailable,
} from './function-pool.ts'
import type { FunctionProcess } from './function-process.ts'
import type { FunctionManifest } from './manifests.ts'

/** A request that the broker has for a function. */
export interface Delivery {
  /** `/`, or the path of the Trigger's destination. */
  path: string
  /** Names and values in turn, or a mapping. */
  headers: string[] | Record<string, string>
  body: Buffer | null
  /** Gives up: the process's work on it is cut off. */
  signal?: AbortSignal
}

export interface DeliveryAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  /** How long it waited for a process, a cold start included. */
  waitedMs: number
}

export interface Activator {
  has(name: string): boolean
  /** Posts to a function; starts it if need be. 503 when it cannot take more, 504 after its timeoutSeconds; throws when the connection breaks. */
  deliver(name: string, delivery: Delivery): Promise<DeliveryAnswer>
  /** Hands a request of the HTTP server on, streaming both ways. */
  proxy(name: string, request: IncomingMessage, response: ServerResponse): Promise<void>
  report(): FunctionReport[]
  waiting(name: string): number
  /** Brings up what `min-scale` asks for. */
  warm(): void
  /** Drains a function to zero. */
  stop(name: string): Promise<void>
  close(graceMs: number): Promise<void>
}

/** A function's answer to an event is a status, a short error or one event. */
const MAX_ANSWER_BYTES = 1 << 20

/** The functions, each a pool of processes. `start` brings up one process of a function. */
export const activator = (
  functions: readonly FunctionManifest[],
  start: (manifest: FunctionManifest) => Promise<FunctionProcess>,
  say: Say,
): Activator => {
  const pools = new Map(functions.map(manifest => [manifest.name, functionPool(manifest, () => start(manifest), say)]))
  const pool = (name: string) => {
    const found = pools.get(name)
    if (!found) throw new Error(`there is no function ${name}`)
    return found
  }
  return {
    has: name => pools.has(name),
    deliver: (name, delivery) => deliver(pool(name), delivery),
    proxy: (name, request, response) => proxy(pool(name), request, response),
    report: () => [...pools.values()].map(one => one.report()),
    waiting: name => pool(name).waiting,
    warm: () => {
      for (const one of pools.values()) if (one.manifest.minScale > 0) one.warm()
    },
    stop: name => pool(name).drain(),
    close: async graceMs => {
      await Promise.all([...pools.values()].map(one => one.close(graceMs)))
    },
  }
}

const deliver = async (pool: FunctionPool, delivery: Delivery): Promise<DeliveryAnswer> => {
  const began = performance.now()
  let slot: Slot
  try {
    slot = await pool.slot(delivery.signal)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    return {
      status: 503,
      headers: { 'retry-after': String(error.retryAfterS) },
      body: Buffer.from(error.message.slice(0, 500)),
      waitedMs: performance.now() - began,
    }
  }
  const waitedMs = performance.now() - began
  const answer = await post(slot, pool.manifest.timeoutMs, delivery)
  return { ...answer, waitedMs }
}

const post = (slot: Slot, timeoutMs: number, { path, headers, body, signal }: Delivery) =>
  new Promise<Omit<DeliveryAnswer, 'waitedMs'>>((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let status = 0
    let answerHeaders: IncomingHttpHeaders = {}
    let cut: (() => void) | undefined
    const end = (answered: boolean) => {
      if (cut) signal?.removeEventListener('abort', cut)
      slot.release(answered)
    }
    slot.process.client.dispatch(
      { method: 'POST', path, headers, body, headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
      {
        onRequestStart: controller => {
          if (!signal) return
          cut = () => controller.abort(signal.reason)
          if (signal.aborted) cut()
          else signal.addEventListener('abort', cut, { once: true })
        },
        onResponseStart: (_, statusCode, responseHeaders) => {
          status = statusCode
          answerHeaders = responseHeaders
        },
        onResponseData: (controller, chunk) => {
          size += chunk.length
          if (size > MAX_ANSWER_BYTES) controller.abort(new Error(`answered with more than ${MAX_ANSWER_BYTES} bytes`))
          else chunks.push(chunk)
        },
        onResponseEnd: () => {
          end(true)
          resolve({ status, headers: answerHeaders, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) })
        },
        onResponseError: (_, error) => {
          const late = isLate(error)
          end(late)
          if (late) resolve({ status: 504, headers: {}, body: Buffer.from(`no answer within ${timeoutMs / 1000} s`) })
          else reject(error)
        },
      },
    )
  })

const isLate = (error: Error) => error.name === 'HeadersTimeoutError' || error.name === 'BodyTimeoutError'

/** Headers that belong to one connection (RFC 9110, 7.6.1). `expect` has been answered by our own server. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

const endToEnd = (headers: IncomingHttpHeaders): Record<string, string | string[]> => {
  const named = new Set((headers.connection ?? '').toLowerCase().split(/\s*,\s*/))
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hopByHop.has(name) || named.has(name) ? [] : [[name, value]],
    ),
  )
}

const proxy = async (pool: FunctionPool, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  let slot: Slot
  try {
    slot = await pool.slot(gone.signal)
  } catch (error) {
    if (gone.signal.aborted) return
    if (!(error instanceof Unavailable)) throw error
    response.writeHead(503, { 'retry-after': String(error.retryAfterS), 'content-type': 'text/plain; charset=utf-8' })
    response.end(error.message.slice(0, 500))
    return
  }
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  await new Promise<void>(resolve => {
    const options: Dispatcher.DispatchOptions = {
      method: request.method as Dispatcher.HttpMethod,
      path: request.url!,
      headers: endToEnd(request.headers),
      body: hasBody ? request : null,
      headersTimeout: pool.manifest.timeoutMs,
      bodyTimeout: pool.manifest.timeoutMs,
    }
    const end = (answered: boolean) => {
      slot.release(answered)
      resolve()
    }
    slot.process.client.dispatch(options, {
      onRequestStart: controller => {
        if (gone.signal.aborted) controller.abort(new Error('the client has gone'))
        else
          gone.signal.addEventListener('abort', () => controller.abort(new Error('the client has gone')), {
            once: true,
          })
      },
      onResponseStart: (_, status, headers) => {
        // 1xx are hints for the connection to us.
        if (status >= 200) response.writeHead(status, endToEnd(headers))
      },
      onResponseData: (controller, chunk) => {
        if (response.write(chunk)) return
        controller.pause()
        response.once('drain', () => controller.resume())
      },
      onResponseEnd: () => {
        response.end()
        end(true)
      },
      onResponseError: (_, error) => {
        const late = isLate(error)
        if (response.headersSent) response.destroy()
        else if (!response.destroyed)
          response
            .writeHead(late ? 504 : 502, { 'content-type': 'text/plain; charset=utf-8' })
            .end(
              late
                ? `no answer within ${pool.manifest.timeoutMs / 1000} s`
                : `${pool.manifest.name} broke the connection`,
            )
        end(late)
      },
    })
  })
}

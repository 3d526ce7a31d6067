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

/** A process that has room for one request. */
export interface Reached {
  /** `http://127.0.0.1:41234` */
  origin: string
  /** Called once, when the answer is there or nobody waits for it any more. */
  release(): void
}

export interface Activator {
  has(name: string): boolean
  /** For callers that speak HTTP themselves: resolves when a request may be sent, starts a process if need be. Rejects with Unavailable. */
  reach(name: string, signal?: AbortSignal): Promise<Reached>
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
    reach: async (name, signal) => {
      const slot = await pool(name).slot(signal)
      return { origin: slot.process.origin, release: slot.release }
    },
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
    const end = () => {
      slot.release()
      resolve()
    }
    slot.process.client().dispatch(options, {
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
        end()
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
                : `${pool.manifest.name} broke the connection: ${(error as NodeJS.ErrnoException).code ?? error.message}`,
            )
        end()
      },
    })
  })
}

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import type { Dispatcher } from 'undici'
import { discardBody } from '#functions/host/request.ts'
import type { FunctionManifest } from '../manifests/manifests.ts'
import {
  type FunctionPool,
  type FunctionReport,
  functionPool,
  type Say,
  type Slot,
  Unavailable,
} from './function-pool.ts'
import type { FunctionProcess } from './function-process.ts'

/** A process that has room for one request. */
export interface Reached {
  /** `http://127.0.0.1:41234` */
  origin: string
  /** Called once, when the answer is there or nobody waits for it any more. */
  release(): void
}

/** What is sent in place of a request's own path and body. Failures are answered without words about the inside. */
export interface ReadRequest {
  path: string
  body: Buffer
}

export interface Activator {
  has(name: string): boolean
  /** For callers that speak HTTP themselves: resolves when a request may be sent, starts a process if need be. Rejects with Unavailable. */
  reach(name: string, signal?: AbortSignal): Promise<Reached>
  /** Hands a request of the HTTP server on, streaming both ways; a stranger's only when it has been read. */
  proxy(name: string, request: IncomingMessage, response: ServerResponse, stranger?: ReadRequest): Promise<void>
  report(): FunctionReport[]
  /** Functions that cannot be started, each in words. */
  faults(): string[]
  waiting(name: string): number
  /** Brings up what `min-scale` asks for. */
  warm(): void
  /** Drains a function to zero. */
  stop(name: string): Promise<void>
  /** Puts a function in place of the one of its name, or beside the others; the old one finishes what it has. */
  replace(manifest: FunctionManifest): Promise<void>
  /** Takes a function away once it has finished what it has. */
  remove(name: string): Promise<void>
  close(graceMs: number): Promise<void>
}

/** The functions, each a pool of processes. `start` brings up one process of a function. */
export const activator = (
  functions: readonly FunctionManifest[],
  start: (manifest: FunctionManifest) => Promise<FunctionProcess>,
  say: Say,
): Activator => {
  const poolOf = (manifest: FunctionManifest) => functionPool(manifest, () => start(manifest), say)
  const pools = new Map(functions.map(manifest => [manifest.name, poolOf(manifest)]))
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
    proxy: (name, request, response, stranger) => proxy(pool(name), request, response, stranger),
    report: () => [...pools.values()].map(one => one.report()),
    faults: () => [...pools.values()].flatMap(one => one.fault() ?? []),
    waiting: name => pool(name).waiting,
    warm: () => {
      for (const one of pools.values()) if (one.manifest.minScale > 0) one.warm()
    },
    stop: name => pool(name).drain(),
    replace: async manifest => {
      const old = pools.get(manifest.name)
      const replacement = poolOf(manifest)
      pools.set(manifest.name, replacement)
      if (manifest.minScale > 0) replacement.warm()
      await old?.drain()
      await old?.close(0)
    },
    remove: async name => {
      const old = pools.get(name)
      pools.delete(name)
      await old?.drain()
      await old?.close(0)
    },
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

const proxy = async (
  pool: FunctionPool,
  request: IncomingMessage,
  response: ServerResponse,
  stranger?: ReadRequest,
): Promise<void> => {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const fail = (status: number, words: string, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' })
      .end(stranger ? '' : words.slice(0, 500))
  let slot: Slot
  try {
    slot = await pool.slot(gone.signal)
  } catch (error) {
    if (gone.signal.aborted) return
    if (!(error instanceof Unavailable)) throw error
    fail(503, error.message, { 'retry-after': String(error.retryAfterS) })
    return
  }
  const headers = endToEnd(request.headers)
  if (stranger) delete headers['content-length']
  await new Promise<void>(resolve => {
    const options: Dispatcher.DispatchOptions = {
      method: request.method as Dispatcher.HttpMethod,
      path: stranger?.path ?? request.url!,
      headers,
      body: stranger ? (stranger.body.length > 0 ? stranger.body : null) : streamOf(request, response),
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
          fail(
            late ? 504 : 502,
            late
              ? `no answer within ${pool.manifest.timeoutMs / 1000} s`
              : `${pool.manifest.name} broke the connection: ${(error as NodeJS.ErrnoException).code ?? error.message}`,
          )
        end()
      },
    })
  })
}

/**
 * A copy of a request's body, or null. undici destroys a body that a function does not read to its end; if that were
 * the request itself, its connection would go with it and could not carry the answer.
 */
const streamOf = (request: IncomingMessage, response: ServerResponse): PassThrough | null => {
  const { headers } = request
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return null
  const copy = new PassThrough()
  copy.on('error', () => {})
  copy.once('close', () => {
    request.unpipe(copy)
    if (!request.readableEnded) discardBody(request, response)
  })
  request.once('error', error => copy.destroy(error))
  return request.pipe(copy)
}

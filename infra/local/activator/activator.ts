import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FunctionManifest } from '../manifests/manifests.ts'
import { type FunctionLogger, FunctionPool, type FunctionReport } from './function-pool.ts'
import type { FunctionProcess } from './function-process.ts'
import { proxyRequest, type ReadRequest } from './proxy.ts'

/** A process that has room for one request. */
export interface ReachedProcess {
  /** The address of the process: `http://127.0.0.1:41234`. */
  origin: string
  /**
   * Gives the room back. Must be called once: when the response is complete, or when the caller no longer waits for it.
   */
  release(): void
}

export interface Activator {
  has(name: string): boolean
  /**
   * Reserves room for one request, for callers that send the HTTP request themselves. Starts a process if no process
   * has room. Resolves when the request may be sent; rejects with Unavailable if the function cannot accept it.
   */
  reach(name: string, signal?: AbortSignal): Promise<ReachedProcess>
  /**
   * Passes a request of the HTTP server on to a function, and streams the bodies of request and response. For a request
   * from the internet, the caller reads the body before the request takes a slot, and passes path and body in
   * `untrusted`.
   */
  proxy(name: string, request: IncomingMessage, response: ServerResponse, untrusted?: ReadRequest): Promise<void>
  report(): FunctionReport[]
  /** The addresses of all processes that accept requests: `127.0.0.1:41234`. */
  addresses(): string[]
  /** A line for each function that cannot be started. */
  faults(): string[]
  /** How many requests wait for a slot. */
  waiting(name: string): number
  /** Starts the processes that `min-scale` asks for. */
  warm(): void
  /** Ends the processes of a function after they have finished their requests. */
  stop(name: string): Promise<void>
  /**
   * Adds a function, or replaces the function of the same name at once. Resolves when the replaced processes have
   * finished their requests and ended.
   */
  replace(manifest: FunctionManifest): Promise<void>
  /** Removes a function at once. Resolves when its processes have finished their requests and ended. */
  remove(name: string): Promise<void>
  close(graceMs: number): Promise<void>
}

/**
 * Runs functions, each as a pool of processes, as Knative's activator and autoscaler do. `start` spawns one process.
 */
export const activator = (
  functions: readonly FunctionManifest[],
  start: (manifest: FunctionManifest) => Promise<FunctionProcess>,
  log: FunctionLogger,
): Activator => {
  const poolOf = (manifest: FunctionManifest) => new FunctionPool(manifest, () => start(manifest), log)
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
    proxy: (name, request, response, untrusted) => proxyRequest(pool(name), request, response, untrusted),
    report: () => [...pools.values()].map(each => each.report()),
    addresses: () => [...pools.values()].flatMap(each => each.addresses()),
    faults: () => [...pools.values()].flatMap(each => each.fault() ?? []),
    waiting: name => pool(name).waiting,
    warm: () => {
      for (const each of pools.values()) if (each.manifest.minScale > 0) each.scale()
    },
    stop: name => pool(name).drain(),
    replace: async manifest => {
      const old = pools.get(manifest.name)
      const replacement = poolOf(manifest)
      pools.set(manifest.name, replacement)
      if (manifest.minScale > 0) replacement.scale()
      await old?.retire()
    },
    remove: async name => {
      const old = pools.get(name)
      pools.delete(name)
      await old?.retire()
    },
    close: async graceMs => {
      await Promise.all([...pools.values()].map(each => each.close(graceMs)))
    },
  }
}

import type { IncomingHttpHeaders } from 'node:http'
import { hostNameIn, isLoopback, whyForeignHead } from './foreign-request.ts'

/** Which part of the runtime a request is for, by its Host header. */
export type RequestTarget =
  | { kind: 'runtime' }
  | { kind: 'broker' }
  | { kind: 'function'; name: string }
  /** `sites.localhost`: the simulated test sites. */
  | { kind: 'sites' }
  | { kind: 'foreign'; why: string }

export interface Hosts {
  functions: { has(name: string): boolean }
  simulated: boolean
}

const foreign = (why: string): RequestTarget => ({ kind: 'foreign', why })

/** The target of a request, by the name in its Host header. */
export const requestTarget = (headers: IncomingHttpHeaders, { functions, simulated }: Hosts): RequestTarget => {
  const why = whyForeignHead(headers)
  if (why !== null) return foreign(why)
  const host = hostNameIn(headers.host)!
  if (isLoopback(host)) return { kind: 'runtime' }
  const name = host.slice(0, -'.localhost'.length)
  if (name === 'broker-ingress') return { kind: 'broker' }
  if (functions.has(name)) return { kind: 'function', name }
  if (name === 'sites' && simulated) return { kind: 'sites' }
  return foreign(`there is no function ${name}`)
}

import type { IncomingHttpHeaders } from 'node:http'

/** Who a request is for, by its Host header. */
export type Face =
  | { kind: 'runtime' }
  | { kind: 'broker' }
  | { kind: 'function'; name: string }
  /** `sites.localhost`: the sites of the simulators. */
  | { kind: 'sites' }
  /** PUBLIC_URL's host: the outside, which reaches one function. */
  | { kind: 'public' }
  | { kind: 'foreign'; why: string }

export interface Hosts {
  functions: { has(name: string): boolean }
  /** The host of PUBLIC_URL, without its port. */
  publicHost: string | null
  simulated: boolean
}

const foreign = (why: string): Face => ({ kind: 'foreign', why })

/** A reverse proxy says so in one of these; nothing on this machine sends them. */
const fromOutside = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via', 'cf-connecting-ip']

/**
 * Routes by Host. Names that are not ours are refused, so that a page which had its own name point at 127.0.0.1 (DNS rebinding)
 * reaches nothing, and so is a page of another origin. What came through a reverse proxy is the outside, whatever host it claims.
 */
export const faceOf = (headers: IncomingHttpHeaders, { functions, publicHost, simulated }: Hosts): Face => {
  const host = nameIn(headers.host)
  if (host === null) return foreign('the Host header is missing or malformed')
  const isProxied = fromOutside.some(name => headers[name] !== undefined)
  if (publicHost !== null && (host === publicHost || isProxied)) return { kind: 'public' }
  if (isProxied) return foreign('requests from outside need PUBLIC_URL')
  if (!isOwnOrigin(headers.origin)) return foreign(`a page of ${headers.origin} may not call this`)
  if (host === 'localhost' || host === '127.0.0.1' || host === '::1') return { kind: 'runtime' }
  if (!host.endsWith('.localhost')) return foreign(`${host} is no name of this machine`)
  const name = host.slice(0, -'.localhost'.length)
  if (name === 'broker-ingress') return { kind: 'broker' }
  if (functions.has(name)) return { kind: 'function', name }
  if (name === 'sites' && simulated) return { kind: 'sites' }
  return foreign(`there is no function ${name}`)
}

/** `null` is the origin of files and sandboxed frames, which are not ours. */
const isOwnOrigin = (origin: string | undefined) => {
  if (origin === undefined) return true
  if (!URL.canParse(origin)) return false
  const { hostname } = new URL(origin)
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1' || hostname === '[::1]'
}

const nameIn = (host: string | undefined): string | null => {
  const [, name, address] = /^(?:([a-z0-9.-]+)|\[([0-9a-f:]+)\])(?::\d{1,5})?$/i.exec(host ?? '') ?? []
  return (name?.replace(/\.$/, '') ?? address)?.toLowerCase() ?? null
}

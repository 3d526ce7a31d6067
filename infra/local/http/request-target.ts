import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

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

/** Headers that a reverse proxy adds; no program on this machine sends them. */
const proxyHeaders = [
  'forwarded',
  'via',
  'x-real-ip',
  'true-client-ip',
  'x-client-ip',
  'cf-connecting-ip',
  'cf-ray',
  'cdn-loop',
]

const isProxied = (headers: IncomingHttpHeaders) =>
  Object.keys(headers).some(name => name.startsWith('x-forwarded-') || proxyHeaders.includes(name))

/** nginx sends HTTP/1.0 and `Host: localhost` by default. No program on this machine uses HTTP/1.0. */
const wrongPort = 'a reverse proxy should send to PUBLIC_PORT, not to this port'

/**
 * Why a request may not use PORT, or null. Everything there trusts every program on this machine. So it refuses a host
 * name that is not ours, because a page may let its own name point at 127.0.0.1 (DNS rebinding); a page of another
 * origin; and a request through a reverse proxy, whatever its Host header says.
 */
export const whyForeign = ({ headers, rawHeaders, httpVersion }: IncomingMessage): string | null => {
  if (httpVersion === '1.0') return wrongPort
  if (rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1)
    return 'the Host header is given twice'
  return whyForeignHead(headers)
}

const whyForeignHead = (headers: IncomingHttpHeaders): string | null => {
  if (isProxied(headers)) return wrongPort
  const host = nameIn(headers.host)
  if (host === null) return 'the Host header is missing or malformed'
  if (!isLoopback(host) && !host.endsWith('.localhost')) return `${host} is not a name of this machine`
  if (headers.origin !== undefined && !isOwnOrigin(headers.origin, headers.host!))
    return `a page of ${headers.origin} may not call this`
  // A page of another site sends no Origin header with a GET. A link that a person follows is allowed.
  if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate')
    return 'a page of another site may not call this'
  return null
}

/** The target of a request, by the name in its Host header. */
export const requestTarget = (headers: IncomingHttpHeaders, { functions, simulated }: Hosts): RequestTarget => {
  const why = whyForeignHead(headers)
  if (why !== null) return foreign(why)
  const host = nameIn(headers.host)!
  if (isLoopback(host)) return { kind: 'runtime' }
  const name = host.slice(0, -'.localhost'.length)
  if (name === 'broker-ingress') return { kind: 'broker' }
  if (functions.has(name)) return { kind: 'function', name }
  if (name === 'sites' && simulated) return { kind: 'sites' }
  return foreign(`there is no function ${name}`)
}

const isLoopback = (host: string) => host === 'localhost' || host === '127.0.0.1' || host === '::1'

/** Whether this port served the page. Another program on this machine may serve pages on another port. */
const isOwnOrigin = (origin: string, host: string) => {
  // Files and sandboxed frames have the origin `null`.
  if (!URL.canParse(origin)) return false
  const { hostname, port } = new URL(origin)
  const name = hostname.replace(/^\[|\]$/g, '')
  const ours = /:(\d+)$/.exec(host)?.[1]
  return (isLoopback(name) || name.endsWith('.localhost')) && (ours === undefined || ours === (port || '80'))
}

const nameIn = (host: string | undefined): string | null => {
  const [, name, address] = /^(?:([a-z0-9.-]+)|\[([0-9a-f:]+)\])(?::\d{1,5})?$/i.exec(host ?? '') ?? []
  return (name?.replace(/\.$/, '') ?? address)?.toLowerCase() ?? null
}

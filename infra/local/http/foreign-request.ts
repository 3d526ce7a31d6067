import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

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

/**
 * Why a request that comes through a reverse proxy is refused. By default nginx sends `Host: localhost` as a local
 * program does, but with HTTP/1.0, which no program on this machine uses.
 */
const wrongPort = 'a reverse proxy should send to PUBLIC_PORT, not to this port'

/**
 * Why a request may not use PORT; null if it may. Every program on this machine may use PORT, and PORT has no password.
 * Therefore three kinds of requests are refused: with a host name of another machine, because a web site may let its
 * own name point at 127.0.0.1 (DNS rebinding); from a page of another origin; and through a reverse proxy, with any
 * Host header.
 */
export const whyForeign = ({ headers, rawHeaders, httpVersion }: IncomingMessage): string | null => {
  if (httpVersion === '1.0') return wrongPort
  if (rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1)
    return 'the Host header is given twice'
  return whyForeignHead(headers)
}

/** The checks of `whyForeign` that need only the headers. */
export const whyForeignHead = (headers: IncomingHttpHeaders): string | null => {
  if (isProxied(headers)) return wrongPort
  const host = hostNameIn(headers.host)
  if (host === null) return 'the Host header is missing or malformed'
  if (!isLoopback(host) && !host.endsWith('.localhost')) return `${host} is not a name of this machine`
  if (headers.origin !== undefined && !isOwnOrigin(headers.origin, headers.host!))
    return `a page of ${headers.origin} may not send requests to this port`
  // A page of another site sends no Origin header with a GET. A link that a person follows is allowed.
  if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate')
    return 'a page of another site may not send requests to this port'
  return null
}

export const isLoopback = (host: string) => host === 'localhost' || host === '127.0.0.1' || host === '::1'

/** Whether this port served the page. Another program on this machine may serve pages on another port. */
const isOwnOrigin = (origin: string, host: string) => {
  // Files and sandboxed frames have the origin `null`.
  if (!URL.canParse(origin)) return false
  const { hostname, port } = new URL(origin)
  const name = hostname.replace(/^\[|\]$/g, '')
  const ownPort = /:(\d+)$/.exec(host)?.[1]
  return (isLoopback(name) || name.endsWith('.localhost')) && (ownPort === undefined || ownPort === (port || '80'))
}

/** The name or address in a Host header, in small letters and without the port; null if the header is malformed. */
export const hostNameIn = (host: string | undefined): string | null => {
  const [, name, address] = /^(?:([a-z0-9.-]+)|\[([0-9a-f:]+)\])(?::\d{1,5})?$/i.exec(host ?? '') ?? []
  return (name?.replace(/\.$/, '') ?? address)?.toLowerCase() ?? null
}

import { domainToUnicode } from 'node:url'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import type { CheckKind } from '#events/probe-requested.ts'

/** The target that a user typed: `url` is normalised, stored and dialled; `name` is a short form for people. */
export type Target = { ok: true; kind: CheckKind; url: string; name: string } | { ok: false; error: ProbeErrorCode }

const maxUrlLength = 2048
/**
 * The longest redirect target that is followed. Sign-in pages redirect to URLs of several thousand characters, and most
 * servers accept a request line of up to 8 KiB.
 */
const maxRedirectLength = 8192
const maxNameLength = 64

/**
 * Ports to which browsers send no HTTP request (WHATWG Fetch, "bad ports"). They are blocked because a mail, file or
 * chat server could execute the request as commands. No website uses them, because browsers do not connect to them.
 * TCP checks send nothing, so they may use any port except 0.
 */
const blockedPorts = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])

/** The server to dial, parsed from a URL that a person typed or that a redirect names. */
export interface Endpoint {
  secure: boolean
  /** Lower case, ASCII, without the brackets of IPv6 and without a trailing dot. */
  host: string
  port: number
  /** The text of a GET request. */
  request: string
  url: URL
}

export type ParsedEndpoint = { ok: true; endpoint: Endpoint } | { ok: false; error: ProbeErrorCode }

const invalid = (error: ProbeErrorCode): { ok: false; error: ProbeErrorCode } => ({ ok: false, error })

const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

/** The headers of every request. `identity` asks for no compression. */
export const headersFor = ({ username, password }: URL): Record<string, string> => ({
  ...((username || password) && { Authorization: basicAuth(username, password) }),
  'User-Agent': 'Vigia (uptime check)',
  Accept: '*/*',
  'Accept-Encoding': 'identity',
})

/**
 * The text of a GET request. A WHATWG URL is printable ASCII without blanks, so it cannot add a line to the request.
 */
const requestFor = (url: URL) => requestText('GET', url, { Host: url.host, ...headersFor(url), Connection: 'close' })

/** The text of a request without its body. */
export const requestText = (method: string, url: URL, headers: Readonly<Record<string, string>>): string => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/**
 * Whether what the user sends to `from` may also be sent to `to`: to the same host, and not without the encryption that
 * `from` has.
 */
export const isLocalTo = (from: URL, to: URL): boolean =>
  from.hostname === to.hostname && (from.protocol === to.protocol ? from.port === to.port : to.protocol === 'https:')

const basicAuth = (username: string, password: string) =>
  `Basic ${Buffer.from(`${percentDecoded(username)}:${percentDecoded(password)}`).toString('base64')}`

/** The percent-decoded text; the text itself if it cannot be decoded. */
export const percentDecoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Parses an http or https URL by the WHATWG rules, which normalise every notation of an address (`0x7f.1`,
 * `2130706433`).
 */
export const httpEndpoint = (text: string): ParsedEndpoint => {
  const url = text.length > maxUrlLength ? null : URL.parse(text)
  return url?.username || url?.password ? invalid('credentials') : endpointOf(url)
}

/**
 * Parses the target of a redirect. A user name or password in it comes from the site itself, so it is sent to the
 * target. curl and Go do the same.
 */
export const redirectEndpoint = (location: string, from: URL): ParsedEndpoint => {
  const url = URL.parse(location, from)
  return endpointOf(url && url.href.length > maxRedirectLength ? null : url)
}

const endpointOf = (url: URL | null): ParsedEndpoint => {
  if (url === null) return invalid('bad-url')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return invalid('bad-scheme')
  const secure = url.protocol === 'https:'
  const host = hostOf(url)
  if (host === '') return invalid('bad-url')
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  if (blockedPorts.has(port)) return invalid('blocked-port')
  return { ok: true, endpoint: { secure, host, port, request: requestFor(url), url } }
}

/** Where a service other than a website is: `tcp://host:port`, `ping://host`. */
export interface Service {
  /** Like the host of an `Endpoint`. */
  host: string
  port: number
  /** The URL in its normal form. */
  url: string
}

export type ParsedService = { ok: true; service: Service } | { ok: false; error: ProbeErrorCode }

/**
 * The schemes of services with their usual ports. `null`: the URL must have a port; `none`: it must not have one. A
 * grpc server has no usual port without TLS.
 */
const servicePorts: Readonly<Record<string, number | null | 'none'>> = {
  tcp: null,
  tls: 443,
  grpc: null,
  grpcs: 443,
  dns: 'none',
  ping: 'none',
}

/**
 * Parses the URL of a service with one of these schemes. The host is parsed by the rules of http URLs, so the same
 * notations are normalised.
 */
export const serviceOf = (text: string, ...schemes: readonly string[]): ParsedService => {
  const url = text.length > maxUrlLength ? null : URL.parse(text)
  if (url === null) return invalid('bad-url')
  const scheme = url.protocol.slice(0, -1)
  if (!schemes.includes(scheme)) return invalid('bad-scheme')
  if (url.username || url.password) return invalid('credentials')
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '') return invalid('bad-url')
  const usualPort = servicePorts[scheme] ?? null
  const port = url.port === '' ? usualPort : Number(url.port)
  if (port === null) return invalid('missing-port')
  if (usualPort === 'none' ? url.port !== '' : port === 0) return invalid('blocked-port')
  const httpUrl = URL.parse(`http://${url.host}/`)
  const host = httpUrl === null ? '' : hostOf(httpUrl)
  if (host === '') return invalid('bad-url')
  const authority = `${bracketed(host)}${url.port === '' ? '' : `:${port}`}`
  return { ok: true, service: { host, port: port === 'none' ? 0 : port, url: `${scheme}://${authority}` } }
}

/** Parses `ws://…` or `wss://…`. The request that opens a WebSocket is an HTTP request. */
export const webSocketEndpoint = (text: string): ParsedEndpoint =>
  /^wss?:/i.test(text) ? httpEndpoint(text.replace(/^ws/i, 'http')) : invalid('bad-scheme')

const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i
/** `mailto:`, `javascript:` and similar, but not `example.org:8080`. */
const otherScheme = /^[a-z][a-z0-9+-]*:(?!\d)/i

const kindOfScheme: Readonly<Record<string, CheckKind>> = {
  ...{ http: 'http', https: 'http', tcp: 'tcp', tls: 'tls', dns: 'dns', ping: 'ping' },
  ...{ ws: 'websocket', wss: 'websocket', grpc: 'grpc', grpcs: 'grpc' },
}

/**
 * Parses what a user typed: `example.org/health`, `https://…`, `tcp://db.example.org:5432`. A text without a scheme is
 * read as an https URL. The addresses of the host are not checked here, but at every attempt.
 */
export const parseTarget = (text: string): Target => {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > maxUrlLength || /[\s\p{Cc}\p{Cf}]/u.test(trimmed)) return invalid('bad-url')
  const explicit = withScheme.test(trimmed)
  if (!explicit && otherScheme.test(trimmed)) return invalid('bad-scheme')
  const scheme = explicit ? trimmed.slice(0, trimmed.indexOf(':')).toLowerCase() : 'https'
  const kind = kindOfScheme[scheme]
  if (kind === undefined) return invalid('bad-scheme')
  if (kind === 'websocket') return webSocketTarget(trimmed)
  if (kind !== 'http') return serviceTarget(kind, trimmed, scheme)
  const parsed = httpEndpoint(explicit ? trimmed : `https://${trimmed}`)
  if (!parsed.ok) return parsed
  const { url, host } = parsed.endpoint
  // A single word is more often a typing error than a host of the local network. A user can give a host of the local
  // network with its scheme.
  if (!explicit && !/[.:]/.test(host) && host !== 'localhost') return invalid('bad-url')
  return { ok: true, kind, ...websiteOf(url) }
}

const serviceTarget = (kind: Exclude<CheckKind, 'http' | 'websocket'>, text: string, scheme: string): Target => {
  const parsed = serviceOf(text, scheme)
  if (!parsed.ok) return parsed
  const { host, url } = parsed.service
  const port = /:\d+$/.exec(url)?.[0] ?? ''
  return { ok: true, kind, url, name: shortened(`${displayed(host)}${port}`) }
}

const webSocketTarget = (text: string): Target => {
  const parsed = webSocketEndpoint(text)
  if (!parsed.ok) return parsed
  const { url, name } = websiteOf(parsed.endpoint.url)
  return { ok: true, kind: 'websocket', url: url.replace(/^http/, 'ws'), name }
}

const websiteOf = (url: URL): { url: string; name: string } => {
  url.hash = ''
  const port = url.port && `:${url.port}`
  const path = url.pathname === '/' ? '' : url.pathname
  return { url: url.href, name: shortened(`${displayed(hostOf(url))}${port}${path}`) }
}

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host)

/** The host as its owner writes it: `münchen.example`, not `xn--mnchen-3ya.example`. */
const displayed = (host: string) => (host.includes(':') ? `[${host}]` : domainToUnicode(host) || host)

const shortened = (name: string) => {
  const characters = [...name]
  return characters.length <= maxNameLength ? name : `${characters.slice(0, maxNameLength - 1).join('')}…`
}

/** The scheme, the host, the port, and the rest. A text after `:` that is not a port belongs to the rest. */
const visibleParts = /^([a-z][a-z0-9+.-]*:\/\/)?(\[[\da-f:.]+\]|[^:/?#\\]*)(:\d{1,5}(?=$|[/?#\\]))?(.*)$/is
/** The character @, also if it is percent-encoded once or several times. */
const atSign = /@|%(?:25)*40/i

/**
 * The part of a refused URL that may be repeated to the chat: the host and the port, because the path and the query may
 * contain tokens. If the URL may contain a user name or a password, only the scheme may be repeated.
 */
export const withoutSecrets = (text: string): string => {
  const [, scheme = '', host = '', port = '', more = ''] = visibleParts.exec(text.normalize('NFKC').trim()) ?? []
  if (atSign.test(text.normalize('NFKC'))) return `${scheme}…`
  return `${scheme}${host}${port}${more === '' || more === '/' ? more : `${more.startsWith(':') ? ':' : '/'}…`}`
}

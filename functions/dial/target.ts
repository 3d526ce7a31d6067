import { domainToUnicode } from 'node:url'
import type { ProbeErrorCode } from '#events/probe-error.ts'

export type Target =
  | {
      ok: true
      kind: 'http' | 'tcp' /** Normalised; what is kept and dialled. */
      url: string /** Short form for people. */
      name: string
    }
  | { ok: false; error: ProbeErrorCode }

const longestUrl = 2048
/** Sign-in pages redirect to URLs of several thousand characters; most servers read 8 KiB. */
const longestRedirect = 8192
const longestName = 64

/**
 * Ports that browsers refuse to speak HTTP to (WHATWG Fetch, "bad ports"). A person cannot open a site there, so nobody loses
 * one; and a request line sent to a mail, file or chat server could be taken for commands of its own. TCP checks send nothing and
 * may knock anywhere.
 */
const blockedPorts = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])

/** Where to dial, read from a URL that was given by a person or by a redirect. */
export interface Endpoint {
  secure: boolean
  /** Lower case, ASCII, without the brackets of IPv6 and without a dot at the end. */
  host: string
  port: number
  /** What is sent to ask for it; '' for tcp. */
  request: string
  url: URL
}

export type ParsedEndpoint = { ok: true; endpoint: Endpoint } | { ok: false; error: ProbeErrorCode }

const refused = (error: ProbeErrorCode): { ok: false; error: ProbeErrorCode } => ({ ok: false, error })

const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

/** What every request says. `identity`: nothing to unpack. */
export const headersFor = ({ username, password }: URL): Record<string, string> => ({
  ...((username || password) && { Authorization: basic(username, password) }),
  'User-Agent': 'Vigia (uptime check)',
  Accept: '*/*',
  'Accept-Encoding': 'identity',
})

/** WHATWG URLs are printable ASCII without blanks, so that no line of the request can be broken. */
const requestFor = (url: URL) => {
  const headers = Object.entries({ Host: url.host, ...headersFor(url), Connection: 'close' })
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`

/** Percent-decoded; as it is where that is not possible. */
const decoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Reads an http or https URL by the WHATWG rules, which undo every spelling of an address (`0x7f.1`, `2130706433`). */
export const httpEndpoint = (text: string): ParsedEndpoint => {
  const url = text.length > longestUrl ? null : URL.parse(text)
  return url?.username || url?.password ? refused('credentials') : endpointOf(url)
}

/** Reads where a redirect leads. The site itself says a user name or password there, so they are sent, as curl and Go do. */
export const redirectEndpoint = (location: string, from: URL): ParsedEndpoint => {
  const url = URL.parse(location, from)
  return endpointOf(url && url.href.length > longestRedirect ? null : url)
}

const endpointOf = (url: URL | null): ParsedEndpoint => {
  if (url === null) return refused('bad-url')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refused('bad-scheme')
  const secure = url.protocol === 'https:'
  const host = hostOf(url)
  if (host === '') return refused('bad-url')
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  if (blockedPorts.has(port)) return refused('blocked-port')
  return { ok: true, endpoint: { secure, host, port, request: requestFor(url), url } }
}

/** Reads `tcp://host:port`. The host goes through the rules of http, for the same spellings. */
export const tcpEndpoint = (text: string): ParsedEndpoint => {
  const given = text.length > longestUrl ? null : URL.parse(text)
  if (given === null) return refused('bad-url')
  if (given.protocol !== 'tcp:') return refused('bad-scheme')
  if (given.username || given.password) return refused('credentials')
  if ((given.pathname !== '' && given.pathname !== '/') || given.search !== '') return refused('bad-url')
  if (given.port === '') return refused('missing-port')
  const url = URL.parse(`http://${given.host}/`)
  const host = url === null ? '' : hostOf(url)
  const port = Number(given.port)
  if (host === '') return refused('bad-url')
  if (port === 0) return refused('blocked-port')
  return { ok: true, endpoint: { secure: false, host, port, request: '', url: given } }
}

const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i
/** `mailto:`, `javascript:` and the like; but not `example.org:8080`. */
const otherScheme = /^[a-z][a-z0-9+-]*:(?!\d)/i

/**
 * What a person typed, as something to watch: `example.org/health`, `https://…`, `tcp://db.example.org:5432`. Without a scheme it
 * is https. Says nothing of the address behind the name: that is asked when it is dialled, each time.
 */
export const parseTarget = (text: string): Target => {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > longestUrl || /[\s\p{Cc}\p{Cf}]/u.test(trimmed)) return refused('bad-url')
  const explicit = withScheme.test(trimmed)
  if (!explicit && otherScheme.test(trimmed)) return refused('bad-scheme')
  if (/^tcp:/i.test(trimmed)) {
    const read = tcpEndpoint(trimmed)
    if (!read.ok) return read
    const { host, port } = read.endpoint
    const authority = `${bracketed(host)}:${port}`
    return { ok: true, kind: 'tcp', url: `tcp://${authority}`, name: shortened(`${shown(host)}:${port}`) }
  }
  const read = httpEndpoint(explicit ? trimmed : `https://${trimmed}`)
  if (!read.ok) return read
  const { url, host } = read.endpoint
  // A single word is a slip of the finger more often than a name of one's own network, which can be given with its scheme.
  if (!explicit && !/[.:]/.test(host) && host !== 'localhost') return refused('bad-url')
  url.hash = ''
  const port = url.port && `:${url.port}`
  const path = url.pathname === '/' ? '' : url.pathname
  return { ok: true, kind: 'http', url: url.href, name: shortened(`${shown(host)}${port}${path}`) }
}

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host)

/** As its owner writes it: `münchen.example`, not `xn--mnchen-3ya.example`. */
const shown = (host: string) => (host.includes(':') ? `[${host}]` : domainToUnicode(host) || host)

const shortened = (name: string) => {
  const characters = [...name]
  return characters.length <= longestName ? name : `${characters.slice(0, longestName - 1).join('')}…`
}

/** Address, port if it can be one, and whether there is more. */
const visibleParts = /^([a-z][a-z0-9+.-]*:\/\/)?(\[[\da-f:.]+\]|[^:/?#\\]*)(:\d{1,5}(?=$|[/?#\\]))?(.*)$/is
/** Also encoded, once or more often. */
const at = /@|%(?:25)*40/i

/**
 * A refused address as it may be repeated: nothing of it where it may have a user name or a password, else the host and the port. The
 * path and the query may contain tokens.
 */
export const withoutSecrets = (text: string): string => {
  const [, scheme = '', host = '', port = '', more = ''] = visibleParts.exec(text.normalize('NFKC').trim()) ?? []
  if (at.test(text.normalize('NFKC'))) return `${scheme}…`
  return `${scheme}${host}${port}${more === '' || more === '/' ? more : `${more.startsWith(':') ? ':' : '/'}…`}`
}

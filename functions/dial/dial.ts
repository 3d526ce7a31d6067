import { createSecureContext, type SecureContext } from 'node:tls'
import { memoize } from '#functions/host/memoize.ts'
import type { AddressGuard } from './address.ts'
import { type Connection, startTls, tcpConnector } from './connection.ts'
import { type Attempt, type DialResult, runAttempt } from './dial-attempt.ts'
import { DialError, refusesHttp1 } from './dial-error.ts'
import { requestByHttp1 } from './http1.ts'
import { type Lookup, nameLookup } from './lookup.ts'
import { isRedirect, type ResponseHead } from './response-reader.ts'
import { type Endpoint, httpEndpoint, redirectEndpoint, tcpEndpoint } from './target.ts'

export { type AddressGuard, addressGuard } from './address.ts'
export type { DialResult, Phases } from './dial-attempt.ts'
export { parseTarget, type Target } from './target.ts'

export interface DialOptions {
  /** Limit for the whole attempt: look-up, connections, redirects and response. */
  timeoutMs: number
  /**
   * The number of the attempt, from 0. If the host has several addresses, attempt 1 begins with the second address.
   */
  attemptIndex?: number
}

/** Dials URLs that users entered. */
export interface Dialler {
  /** Sends a GET request and follows redirects. */
  get(url: string, options: DialOptions): Promise<DialResult>
  /** Opens a TCP connection and closes it without sending anything. */
  tcpConnect(url: string, options: DialOptions): Promise<DialResult>
}

export interface DiallerOptions {
  /** Which addresses may be dialled. */
  guard: AddressGuard
  lookup?: Lookup
  /** Certificates (PEM) of the authorities to trust instead of the default ones. */
  ca?: string
}

/** The maximum number of redirects that are followed. Browsers have the same limit. */
const maxRedirects = 20

const http1Only = ['http/1.1']
const http2OrHttp1 = ['h2', 'http/1.1']
const maxHttp2Hosts = 1_000

/**
 * Creates the dialler, which is the only way to dial a URL that is not our own (protection against SSRF). The dialler
 * sends nothing before the addresses are checked: first every address of the host, then the address of the connection.
 * Each redirect is checked in the same way. The dialler uses no proxy, keeps no connection open and asks for no
 * compression.
 */
export const safeDialler = ({ guard, lookup = nameLookup(), ca }: DiallerOptions): Dialler => {
  const connectTcp = tcpConnector({ guard, lookup })
  // Memoized, because each monitor dials the same URL again and again.
  const endpointOf = memoize(httpEndpoint)
  let context: SecureContext | undefined
  const secureContext = () => {
    context ??= createSecureContext(ca === undefined ? {} : { ca })
    return context
  }

  /** Hosts, with their ports, that refused HTTP/1.1. Other hosts are not offered HTTP/2, because HTTP/2 costs more. */
  const http2Hosts = new Set<string>()

  const connect = async (endpoint: Endpoint, attempt: Attempt, attemptIndex: number): Promise<Connection> => {
    const connection = await connectTcp(endpoint, attempt, attemptIndex)
    if (!endpoint.secure) return connection
    const { host } = endpoint.url
    const protocols = http2Hosts.has(host) ? http2OrHttp1 : http1Only
    try {
      return await startTls(connection, endpoint, attempt, { secureContext: secureContext(), protocols })
    } catch (error) {
      if (!refusesHttp1(error)) throw error
    }
    if (http2Hosts.size >= maxHttp2Hosts) http2Hosts.clear()
    http2Hosts.add(host)
    const second = await connectTcp(endpoint, attempt, attemptIndex)
    return startTls(second, endpoint, attempt, { secureContext: secureContext(), protocols: http2OrHttp1 })
  }

  const request = async (endpoint: Endpoint, connection: Connection, attempt: Attempt): Promise<ResponseHead> => {
    if (connection.http2 === undefined) return requestByHttp1(endpoint, connection, attempt)
    const { requestByHttp2 } = await import('./http2.ts')
    return requestByHttp2(endpoint, connection.http2, attempt)
  }

  return {
    get: (url, { timeoutMs, attemptIndex = 0 }) =>
      runAttempt(timeoutMs, async attempt => {
        let parsed = endpointOf(url)
        for (let redirects = 0; ; redirects++) {
          if (!parsed.ok) throw new DialError(redirects === 0 ? parsed.error : 'bad-redirect')
          const { endpoint } = parsed
          const connection = await connect(endpoint, attempt, attemptIndex)
          const head = await request(endpoint, connection, attempt)
          attempt.status = head.status
          if (!isRedirect(head)) return
          if (redirects === maxRedirects) throw new DialError('too-many-redirects')
          parsed = redirectEndpoint(head.location, endpoint.url)
          if (parsed.ok && endpoint.secure && !parsed.endpoint.secure) attempt.insecureRedirect = true
        }
      }),

    tcpConnect: (url, { timeoutMs, attemptIndex = 0 }) =>
      runAttempt(timeoutMs, async attempt => {
        const parsed = tcpEndpoint(url)
        if (!parsed.ok) throw new DialError(parsed.error)
        await connectTcp(parsed.endpoint, attempt, attemptIndex)
      }),
  }
}

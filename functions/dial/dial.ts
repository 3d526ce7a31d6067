import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Clock, systemClock } from '#functions/host/clock.ts'
import { memoize } from '#functions/host/memoize.ts'
import type { AddressGuard } from './address.ts'
import { type Connection, startTls, tcpConnector } from './connection.ts'
import { type Attempt, type DialResult, type Family, runAttempt } from './dial-attempt.ts'
import { DialError, refusesHandshake, refusesHttp1 } from './dial-error.ts'
import type { HttpBody } from './http-body.ts'
import { bodyOptionsOf, type HttpRequest, hasSecrets, headersOf, redirected, textOf } from './http-request.ts'
import { type HttpResponse, requestByHttp1 } from './http1.ts'
import { type Lookup, nameLookup } from './lookup.ts'
import { isRedirect } from './response-reader.ts'
import { type Endpoint, httpEndpoint, redirectEndpoint, serviceOf } from './target.ts'
import { secureContexts, secureSocket, type TlsOptions } from './tls.ts'
import { type ServerSession, tlsSessions } from './tls-sessions.ts'

export { type AddressGuard, addressGuard } from './address.ts'
export type { DialResult, Family, Phases } from './dial-attempt.ts'
export { parseTarget, type Target } from './target.ts'

export interface DialOptions {
  /** Limit for the whole attempt: look-up, connections, redirects and response. */
  timeoutMs: number
  /**
   * The number of the attempt, from 0. If the host has several addresses, attempt 1 begins with the second address.
   */
  attemptIndex?: number
  /** Dial only addresses of this family, also after redirects. */
  family?: Family
}

/** The result of a request, with the body of the last response if the request wanted it. */
export type HttpResult = DialResult & { body?: HttpBody }

/** The connections of one attempt. All of them end with the attempt. */
export interface Connections {
  attempt: Attempt
  /** Opens a TCP connection to a host. */
  open(to: { host: string; port: number }): Promise<Socket>
  /** Starts TLS on a socket of `open`. */
  startTls(socket: Socket, host: string, options?: TlsOptions & { protocols?: string[] }): Promise<TLSSocket>
  /** The addresses of a host, all of which may be dialled. */
  addressesOf(host: string): Promise<string[]>
}

/** Dials URLs that users entered. */
export interface Dialler {
  /** Sends a GET request and follows redirects. */
  get(url: string, options: DialOptions): Promise<DialResult>
  /** Sends a request and follows redirects, unless the request says otherwise. */
  request(url: string, options: DialOptions & { request: HttpRequest }): Promise<HttpResult>
  /** Opens a TCP connection and closes it without sending anything. */
  tcpConnect(url: string, options: DialOptions): Promise<DialResult>
  /** One attempt of any other protocol. Whatever `work` throws is the error of the result. */
  attempt(options: DialOptions, work: (connections: Connections) => Promise<void>): Promise<DialResult>
  /** Which addresses may be dialled. */
  mayDial: AddressGuard
}

export interface DiallerOptions {
  /** Which addresses may be dialled. */
  guard: AddressGuard
  lookup?: Lookup
  /** Certificates (PEM) of the authorities to trust instead of the default ones. */
  ca?: string
  clock?: Clock
  /** A number by chance from 0 to 1, for the times of full handshakes. */
  random?: () => number
}

/** The maximum number of redirects that are followed. Browsers have the same limit. */
const maxRedirects = 20

const http1Only = ['http/1.1']
const http2OrHttp1 = ['h2', 'http/1.1']
const maxHosts = 1_000

/** A request without options. It is sent most often, so its text is computed once for each URL. */
const plainGet: HttpRequest = {}

/**
 * Creates the dialler, which is the only way to dial a URL that is not our own (protection against SSRF). The dialler
 * sends nothing before the addresses are checked: first every address of the host, then the address of the connection.
 * Each redirect is checked in the same way. The dialler uses no proxy, keeps no connection open and asks for no
 * compression.
 */
export const safeDialler = ({
  guard,
  lookup = nameLookup(),
  ca,
  clock = systemClock,
  random = Math.random,
}: DiallerOptions): Dialler => {
  const tcp = tcpConnector({ guard, lookup })
  // Memoized, because each monitor dials the same URL again and again.
  const endpointOf = memoize(httpEndpoint)
  const contextFor = secureContexts(ca)
  const sessionWith = tlsSessions(clock, random)

  /** Hosts, with their ports, that refused HTTP/1.1. Other hosts are not offered HTTP/2, because HTTP/2 costs more. */
  const http2Hosts = hostSet()
  /** Hosts, with their ports, that may have refused the classic groups for the key exchange. */
  const hybridHosts = hostSet()

  /** Adds the session with the server to `sessions`, if the connection uses one. */
  const connectHttp = async (
    endpoint: Endpoint,
    attempt: Attempt,
    attemptIndex: number,
    request: HttpRequest,
    sessions: ServerSession[],
  ): Promise<Connection> => {
    if (!endpoint.secure) return tcp.connect(endpoint, attempt, attemptIndex)
    const { host } = endpoint.url
    const { tls = {} } = request
    const maySendClassic = !hasSecrets(request)
    const connectTls = async () => {
      const connection = await tcp.connect(endpoint, attempt, attemptIndex, true)
      const session = mayResume(tls, attemptIndex) ? sessionWith(host, attempt.address) : undefined
      if (session !== undefined) sessions.push(session)
      return startTls(connection, attempt, {
        ...tls,
        ...{ host: endpoint.host, session },
        secureContext: contextFor({ ca: tls.ca, classic: maySendClassic && !hybridHosts.has(host) }),
        protocols: http2Hosts.has(host) ? http2OrHttp1 : http1Only,
      })
    }
    for (;;)
      try {
        return await connectTls()
      } catch (error) {
        const offersMore =
          (refusesHttp1(error) && http2Hosts.add(host)) ||
          (refusesHandshake(error) && maySendClassic && hybridHosts.add(host))
        if (!offersMore) throw error
      }
  }

  const send = async (
    endpoint: Endpoint,
    request: HttpRequest,
    connection: Connection,
    attempt: Attempt,
  ): Promise<HttpResponse> => {
    const { url } = endpoint
    const { method = 'GET', body } = request
    const bodyOptions = bodyOptionsOf(request)
    if (connection.http2 !== undefined) {
      const { requestByHttp2 } = await import('./http2.ts')
      return requestByHttp2(
        { url, method, headers: headersOf(request, url), body },
        connection.http2,
        attempt,
        bodyOptions,
      )
    }
    const text = request === plainGet ? endpoint.request : textOf(request, url)
    return requestByHttp1(text, connection, attempt, bodyOptions)
  }

  const sendAndFollow = async (
    url: string,
    { attemptIndex = 0, ...limits }: DialOptions,
    first: HttpRequest,
    onBody: (body: HttpBody) => void,
  ): Promise<DialResult> => {
    const sessions: ServerSession[] = []
    const result = await runAttempt(limits, async attempt => {
      let parsed = endpointOf(url)
      let request: HttpRequest | null = first
      for (let redirects = 0; ; redirects++) {
        if (!parsed.ok) throw new DialError(redirects === 0 ? parsed.error : 'bad-redirect')
        if (request === null) throw new DialError('bad-redirect')
        const { endpoint } = parsed
        const connection = await connectHttp(endpoint, attempt, attemptIndex, request, sessions)
        const response = await send(endpoint, request, connection, attempt)
        attempt.status = response.status
        if (response.content) onBody(response.content)
        if (!isRedirect(response) || request.followsRedirects === false) return
        if (redirects === maxRedirects) throw new DialError('too-many-redirects')
        parsed = redirectEndpoint(response.location, endpoint.url)
        if (!parsed.ok) continue
        if (endpoint.secure && !parsed.endpoint.secure) {
          if (request.followsRedirects === 'secure') throw new DialError('https-to-http')
          attempt.warn('insecure-redirect')
        }
        if (request !== plainGet) request = redirected(request, response.status, endpoint.url, parsed.endpoint.url)
      }
    })
    if (result.error !== null) for (const session of sessions) session.forget()
    return result
  }

  return {
    get: (url, options) => sendAndFollow(url, options, plainGet, () => {}),

    request: async (url, { request, ...options }) => {
      let body: HttpBody | undefined
      const result = await sendAndFollow(url, options, request, found => {
        body = found
      })
      return body === undefined ? result : { ...result, body }
    },

    tcpConnect: (url, { attemptIndex = 0, ...limits }) =>
      runAttempt(limits, async attempt => {
        const parsed = serviceOf(url, 'tcp')
        if (!parsed.ok) throw new DialError(parsed.error)
        await tcp.connect(parsed.service, attempt, attemptIndex)
      }),

    attempt: ({ attemptIndex = 0, ...limits }, work) =>
      runAttempt(limits, attempt =>
        work({
          attempt,
          open: async to => (await tcp.connect(to, attempt, attemptIndex, true)).socket,
          startTls: (socket, host, options = {}) =>
            secureSocket(socket, attempt, { ...options, host, secureContext: contextFor({ ca: options.ca }) }),
          addressesOf: host => tcp.addressesOf(host, attempt),
        }),
      ),

    mayDial: guard,
  }
}

/** Whether an attempt may resume a TLS session: only the first attempt of a check that trusts the usual authorities. */
const mayResume = ({ ca, anyCertificate }: TlsOptions, attemptIndex: number): boolean =>
  attemptIndex === 0 && ca === undefined && !anyCertificate

/** A set of hosts of limited size. `add` returns whether the host is new. */
const hostSet = () => {
  const hosts = new Set<string>()
  return {
    has: (host: string): boolean => hosts.has(host),
    add: (host: string): boolean => {
      if (hosts.has(host)) return false
      if (hosts.size >= maxHosts) hosts.clear()
      hosts.add(host)
      return true
    },
  }
}

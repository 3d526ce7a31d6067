import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { memoize } from '#functions/host/memoize.ts'
import type { AddressGuard } from './address.ts'
import { connectToAny } from './connect.ts'
import { type Attempt, type DialResult, trip } from './dial-attempt.ts'
import { DialError, refusesHttp1, tlsErrorCodeOf } from './dial-error.ts'
import { type Lookup, nameLookup } from './lookup.ts'
import { type ResponseHead, responseReader } from './response-reader.ts'
import { type Endpoint, httpEndpoint, redirectEndpoint, tcpEndpoint } from './target.ts'

export { type AddressGuard, addressGuard } from './address.ts'
export type { DialResult, Phases } from './dial-attempt.ts'
export { parseTarget, type Target } from './target.ts'

export interface DialOptions {
  /** For everything together: look-up, connections, redirects, answer. */
  timeoutMs: number
  /** Where a name has several addresses, attempt 1 begins with the second. */
  attemptIndex?: number
}

/** Dials URLs that somebody gave us. */
export interface Dialler {
  /** Asks by GET and follows redirects. */
  get(url: string, options: DialOptions): Promise<DialResult>
  /** Opens a TCP connection and closes it, without a byte. */
  tcpConnect(url: string, options: DialOptions): Promise<DialResult>
}

export interface DiallerOptions {
  /** Which addresses may be dialled. */
  guard: AddressGuard
  lookup?: Lookup
  /** Certificates (PEM) to trust in place of the usual ones. */
  ca?: string
}

/** As many as browsers follow. */
const mostRedirects = 20
const redirects = new Set([300, 301, 302, 303, 307, 308])
/** We need the status, not the body. A short one is read, so that the connection ends in good manners. */
const mostBodyBytes = 16 * 1024
const bodyPatienceMs = 200

/** A connection on which we ask. */
interface Line {
  socket: Socket
  /** What comes in, Latin-1: a byte a character. */
  hear: (piece: string) => void
  /** The TLS connection that agreed to speak HTTP/2. */
  http2?: TLSSocket
}

/** What arrives on any plain line is read from here before the next arrives: Node would take 64 KiB for each. */
const arrivals = Buffer.allocUnsafeSlow(mostBodyBytes)

/**
 * The one way to URLs that are not our own. Nothing is sent before the address has been checked: every address of the name, then
 * the one that was really reached. The name is looked up once and the addresses dialled as they are, so that they cannot change in
 * between; each redirect starts over. No proxy, no connection kept, no compression.
 */
export const safeDialler = ({ guard, lookup = nameLookup(), ca }: DiallerOptions): Dialler => {
  // The same URLs come again each minute.
  const endpointOf = memoize(httpEndpoint)
  /** Hosts with ports that have refused HTTP/1.1. HTTP/2 costs more, so that the others are not offered it. */
  const http2Only = new Set<string>()
  let context: SecureContext | undefined
  const secureContext = () => {
    context ??= createSecureContext(ca === undefined ? {} : { ca })
    return context
  }

  const guarded = (address: string) => {
    if (!guard(address)) throw new DialError('private-address')
    return address
  }

  const lookedUp = async ({ host }: Endpoint, trip: Attempt): Promise<string[]> => {
    if (isLoopbackName(host)) {
      const open = loopbackAddresses.filter(guard)
      if (open.length === 0) throw new DialError('private-address')
      return open
    }
    const started = performance.now()
    const addresses = await trip.waitFor<string[]>((resolve, reject) => {
      lookup(host).then(resolve, ({ code }) => {
        trip.noSuchName = noSuchName.has(code)
        reject(new DialError(code === 'EBUSY' ? 'not-checked' : 'dns'))
      })
    })
    trip.addPhaseTime('dnsMs', started)
    if (addresses.length === 0) throw new DialError('dns')
    // Refuse the host if any of its addresses is private, because the resolver may return them in another order next time.
    return addresses.map(guarded)
  }

  /** IPv6 addresses, for when no IPv4 address answers. Where one of them is private, none is used. */
  const otherFamily = async (host: string): Promise<string[]> => {
    const addresses = isLoopbackName(host) ? [] : await lookup(host, 6)
    return addresses.every(guard) ? addresses : []
  }

  const connected = async (endpoint: Endpoint, trip: Attempt, attempt: number): Promise<Line> => {
    const { host, port, secure } = endpoint
    const isName = isIP(host) === 0
    const addresses = isName ? await lookedUp(endpoint, trip) : [guarded(host)]
    trip.addresses = addresses.length
    const first = attempt % addresses.length
    const started = performance.now()
    let line: Line | undefined
    const open = (address: string): Socket => {
      const take = (bytes: number) => {
        if (line?.socket === socket) line.hear(arrivals.toString('latin1', 0, bytes))
        return true
      }
      const socket = connect({
        ...{ host: address, port, autoSelectFamily: false },
        ...(!secure && { onread: { buffer: arrivals, callback: take } }),
      })
      return socket
    }
    const socket = await connectToAny([...addresses.slice(first), ...addresses.slice(0, first)], {
      ...{ trip, open },
      ...(isName && { more: () => otherFamily(host) }),
    })
    line = { socket, hear: () => {} }
    trip.addPhaseTime('connectMs', started)
    trip.contact = true
    const reached = socket.remoteAddress
    // It has hung up already.
    if (reached === undefined) throw new DialError('reset')
    if (reached !== trip.address) guarded(reached)
    return line
  }

  const secured = async (line: Line, { host }: Endpoint, trip: Attempt, protocols: string[]) => {
    const started = performance.now()
    const servername = isIP(host) ? '' : host
    const secure = trip.closeAtEnd(
      connectTls({
        ...{ socket: line.socket, host, servername },
        ...{ secureContext: secureContext(), ALPNProtocols: protocols },
      }),
    )
    await trip.waitFor<void>((resolve, reject) => {
      const failed = (error: Error) => reject(refusesHttp1(error) ? error : new DialError(tlsErrorCodeOf(error)))
      secure.once('error', failed)
      secure.once('secureConnect', () => {
        secure.off('error', failed)
        trip.failOnErrorOf(secure)
        resolve()
      })
    })
    trip.addPhaseTime('tlsMs', started)
    line.socket = secure
    if (secure.alpnProtocol === 'h2') line.http2 = secure
    else secure.on('data', (piece: Buffer) => line.hear(piece.toString('latin1')))
    return line
  }

  const reach = async (endpoint: Endpoint, trip: Attempt, attempt: number): Promise<Line> => {
    const line = await connected(endpoint, trip, attempt)
    if (!endpoint.secure) return line
    const { host } = endpoint.url
    try {
      return await secured(line, endpoint, trip, http2Only.has(host) ? anyProtocol : ['http/1.1'])
    } catch (error) {
      if (!refusesHttp1(error)) throw error
    }
    if (http2Only.size >= mostRemembered) http2Only.clear()
    http2Only.add(host)
    return secured(await connected(endpoint, trip, attempt), endpoint, trip, anyProtocol)
  }

  const ask = async (endpoint: Endpoint, line: Line, trip: Attempt): Promise<ResponseHead> => {
    if (line.http2 === undefined) return askByHttp1(endpoint, line, trip)
    const { askByHttp2 } = await import('./http2.ts')
    return askByHttp2(endpoint, line.http2, trip)
  }

  return {
    get: (given, { timeoutMs, attemptIndex = 0 }) =>
      trip(timeoutMs, async trip => {
        let read = endpointOf(given)
        for (let hop = 0; ; hop++) {
          if (!read.ok) throw new DialError(hop === 0 ? read.error : 'bad-redirect')
          const { endpoint } = read
          const head = await ask(endpoint, await reach(endpoint, trip, attemptIndex), trip)
          trip.status = head.status
          if (!isRedirect(head)) return
          if (hop === mostRedirects) throw new DialError('too-many-redirects')
          read = redirectEndpoint(head.location, endpoint.url)
          if (read.ok && endpoint.secure && !read.endpoint.secure) trip.insecureRedirect = true
        }
      }),

    tcpConnect: (given, { timeoutMs, attemptIndex = 0 }) =>
      trip(timeoutMs, async trip => {
        const read = tcpEndpoint(given)
        if (!read.ok) throw new DialError(read.error)
        await connected(read.endpoint, trip, attemptIndex)
      }),
  }
}

const anyProtocol = ['h2', 'http/1.1']
const mostRemembered = 1_000

/** What resolvers say when a name server has answered. */
const noSuchName = new Set(['ENOTFOUND', 'ENODATA'])

/** This machine, whatever a name server says (RFC 6761). */
const isLoopbackName = (host: string) => host === 'localhost' || host.endsWith('.localhost')
const loopbackAddresses = ['127.0.0.1', '::1']

const isRedirect = (head: ResponseHead): head is ResponseHead & { location: string } =>
  head.location !== null && redirects.has(head.status)

/** Sends the request on a connection that stands; resolves with the head of the answer, once a short body has been read. */
const askByHttp1 = async ({ request }: Endpoint, line: Line, trip: Attempt): Promise<ResponseHead> => {
  const started = performance.now()
  const read = responseReader()
  const head = await trip.waitFor<ResponseHead>((resolve, reject) => {
    let answered = false
    // An error takes long to make, and every connection ends.
    const gone = () => {
      if (!answered) reject(new DialError('reset'))
    }
    line.socket.on('end', gone).on('close', gone)
    line.hear = piece => {
      try {
        const head = read(piece)
        if (head === null) return
        answered = true
        line.hear = more => {
          head.body += more
        }
        resolve(head)
      } catch (error) {
        reject(error as DialError)
      }
    }
    line.socket.write(request)
  })
  trip.addPhaseTime('firstByteMs', started)
  // Where it sends us is all there is to it: what follows may have no end, and the trip goes on.
  if (isRedirect(head)) line.socket.destroy()
  else if (!isEnough(head)) await shortBody(head, line)
  return head
}

const lastChunk = '0\r\n\r\n'

/** Whether a body is complete or longer than we care for. What only looks like the last chunk ends it early, and nothing is lost. */
const isEnough = ({ length, body }: ResponseHead) =>
  body.length > mostBodyBytes || (length === null ? body.endsWith(lastChunk) : body.length >= length)

/** Resolves when the body ends, grows long, takes long or breaks off: the status was said before. */
const shortBody = (head: ResponseHead, line: Line) =>
  new Promise<void>(resolve => {
    const patience = setTimeout(resolve, bodyPatienceMs)
    const done = () => {
      clearTimeout(patience)
      resolve()
    }
    line.hear = more => {
      head.body += more
      if (isEnough(head)) done()
    }
    line.socket.on('end', done).on('close', done)
  })

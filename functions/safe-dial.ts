import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import { remembered } from './remembered.ts'
import type { AddressGuard } from './safe-address.ts'
import { type AnswerHead, answerReader } from './safe-answer.ts'
import { Fault } from './safe-faults.ts'
import { type Lookup, nameLookup } from './safe-lookup.ts'
import { type Endpoint, httpEndpoint, tcpEndpoint } from './safe-target.ts'
import { type Dialled, type Trip, trip } from './safe-trip.ts'

export { type AddressGuard, addressGuard } from './safe-address.ts'
export { parseTarget, type Target } from './safe-target.ts'
export type { Dialled, Phases } from './safe-trip.ts'

export interface DialOptions {
  /** For everything together: look-up, connections, redirects, answer. */
  timeoutMs: number
  /** Where a name has several addresses, attempt 1 takes the second. One attempt dials one address, so that a result means one thing. */
  attempt?: number
}

/** Dials URLs that somebody gave us. */
export interface Dialler {
  /** Asks by GET and follows redirects. */
  get(url: string, options: DialOptions): Promise<Dialled>
  /** Opens a TCP connection and closes it, without a byte. */
  knock(url: string, options: DialOptions): Promise<Dialled>
}

export interface DiallerOptions {
  /** Which addresses may be dialled. */
  guard: AddressGuard
  lookup?: Lookup
  /** Certificates (PEM) to trust in place of the usual ones. */
  ca?: string
}

const mostRedirects = 5
const redirects = new Set([301, 302, 303, 307, 308])
/** We need the status, not the body. A short one is read, so that the connection ends in good manners. */
const mostBodyBytes = 16 * 1024
const bodyPatienceMs = 200

/** A connection on which we ask. */
interface Line {
  socket: Socket
  /** What comes in, Latin-1: a byte a character. */
  hear: (piece: string) => void
}

/** What arrives on any plain line is read from here before the next arrives: Node would take 64 KiB for each. */
const arrivals = Buffer.allocUnsafeSlow(mostBodyBytes)

/**
 * The one way to URLs that are not our own. Nothing is sent before the address has been checked: every address of the name, then
 * the one that was really reached. The name is looked up once and the address dialled as it is, so that it cannot change in
 * between; each redirect starts over. No proxy, no connection kept, no compression.
 */
export const safeDialler = ({ guard, lookup = nameLookup(), ca }: DiallerOptions): Dialler => {
  // The same URLs come again each minute.
  const endpointOf = remembered(httpEndpoint)
  let context: SecureContext | undefined
  const secureContext = () => {
    context ??= createSecureContext(ca === undefined ? {} : { ca })
    return context
  }

  const guarded = (address: string) => {
    if (!guard(address)) throw new Fault('private-address')
    return address
  }

  const lookedUp = async ({ host }: Endpoint, trip: Trip, attempt: number) => {
    if (isLoopbackName(host)) return guarded('127.0.0.1')
    const started = performance.now()
    const addresses = await trip.stage<string[]>((resolve, reject) => {
      lookup(host).then(resolve, () => reject(new Fault('dns')))
    })
    trip.spent('dnsMs', started)
    if (addresses.length === 0) throw new Fault('dns')
    // One bad address spoils the name: which one a next look-up brings is not ours to choose.
    return addresses.map(guarded)[attempt % addresses.length]!
  }

  const secured = async (line: Line, { host }: Endpoint, trip: Trip) => {
    const started = performance.now()
    const servername = isIP(host) ? '' : host
    const secure = trip.holds(
      connectTls({
        socket: line.socket,
        host,
        servername,
        secureContext: secureContext(),
        ALPNProtocols: ['http/1.1'],
      }),
    )
    await trip.stage<void>(resolve => secure.once('secureConnect', resolve))
    trip.spent('tlsMs', started)
    line.socket = secure.on('data', (piece: Buffer) => line.hear(piece.toString('latin1')))
  }

  const reach = async (endpoint: Endpoint, trip: Trip, attempt: number): Promise<Line> => {
    const address = isIP(endpoint.host) ? guarded(endpoint.host) : await lookedUp(endpoint, trip, attempt)
    trip.address = address
    const started = performance.now()
    const take = (bytes: number) => {
      line.hear(arrivals.toString('latin1', 0, bytes))
      return true
    }
    const socket = trip.holds(
      connect({
        host: address,
        port: endpoint.port,
        autoSelectFamily: false,
        ...(!endpoint.secure && { onread: { buffer: arrivals, callback: take } }),
      }),
    )
    const line: Line = { socket, hear: () => {} }
    await trip.stage<void>(resolve => socket.on('connect', resolve))
    trip.spent('connectMs', started)
    trip.contact = true
    const reached = socket.remoteAddress
    // It has hung up already.
    if (reached === undefined) throw new Fault('reset')
    if (reached !== address) guarded(reached)
    if (endpoint.secure) await secured(line, endpoint, trip)
    return line
  }

  return {
    get: (given, { timeoutMs, attempt = 0 }) =>
      trip(timeoutMs, async trip => {
        let read = endpointOf(given)
        for (let hop = 0; ; hop++) {
          if (!read.ok) throw new Fault(hop === 0 ? read.error : 'bad-redirect')
          const { endpoint } = read
          const head = await ask(endpoint, await reach(endpoint, trip, attempt), trip)
          trip.status = head.status
          if (!isRedirect(head)) return
          if (hop === mostRedirects) throw new Fault('too-many-redirects')
          read = httpEndpoint(URL.parse(head.location, endpoint.url)?.href ?? '')
          if (read.ok && endpoint.secure && !read.endpoint.secure) throw new Fault('bad-redirect')
        }
      }),

    knock: (given, { timeoutMs, attempt = 0 }) =>
      trip(timeoutMs, async trip => {
        const read = tcpEndpoint(given)
        if (!read.ok) throw new Fault(read.error)
        await reach(read.endpoint, trip, attempt)
      }),
  }
}

/** This machine, whatever a name server says (RFC 6761). */
const isLoopbackName = (host: string) => host === 'localhost' || host.endsWith('.localhost')

const isRedirect = (head: AnswerHead): head is AnswerHead & { location: string } =>
  head.location !== null && redirects.has(head.status)

/** Sends the request on a connection that stands; resolves with the head of the answer, once a short body has been read. */
const ask = async ({ request }: Endpoint, line: Line, trip: Trip): Promise<AnswerHead> => {
  const started = performance.now()
  const read = answerReader()
  const head = await trip.stage<AnswerHead>((resolve, reject) => {
    let answered = false
    // An error takes long to make, and every connection ends.
    const gone = () => {
      if (!answered) reject(new Fault('reset'))
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
        reject(error as Fault)
      }
    }
    line.socket.write(request)
  })
  trip.spent('firstByteMs', started)
  // Where it sends us is all there is to it: what follows may have no end, and the trip goes on.
  if (isRedirect(head)) line.socket.destroy()
  else if (!isEnough(head)) await shortBody(head, line)
  return head
}

const lastChunk = '0\r\n\r\n'

/** Whether a body is complete or longer than we care for. What only looks like the last chunk ends it early, and nothing is lost. */
const isEnough = ({ length, body }: AnswerHead) =>
  body.length > mostBodyBytes || (length === null ? body.endsWith(lastChunk) : body.length >= length)

/** Resolves when the body ends, grows long, takes long or breaks off: the status was said before. */
const shortBody = (head: AnswerHead, line: Line) =>
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

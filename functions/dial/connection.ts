import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls'
import type { AddressGuard } from './address.ts'
import { connectToAny } from './connect.ts'
import type { Attempt } from './dial-attempt.ts'
import { DialError, refusesHttp1, tlsErrorCodeOf } from './dial-error.ts'
import type { Lookup } from './lookup.ts'
import type { Endpoint } from './target.ts'

/** A connection to the site. */
export interface Connection {
  socket: Socket
  /** Receives the incoming bytes as Latin-1: one character is one byte. */
  onData: (piece: string) => void
  /** The TLS connection, if client and server agreed on HTTP/2. */
  http2?: TLSSocket
}

/**
 * One buffer for the incoming bytes of all connections without TLS. Each piece is read from it before the next one
 * arrives. Without `onread`, Node.js would allocate 64 KiB for each connection.
 */
const readBuffer = Buffer.allocUnsafeSlow(16 * 1024)

/** The errors of a resolver that come from a name server: the name does not exist, or has no address. */
const noSuchNameCodes = new Set(['ENOTFOUND', 'ENODATA'])

/** Whether a host name is a name of this machine, whatever a name server says (RFC 6761). */
const isLoopbackName = (host: string) => host === 'localhost' || host.endsWith('.localhost')
const loopbackAddresses = ['127.0.0.1', '::1']

/**
 * Creates a function that opens TCP connections to addresses that `guard` allows. The host is looked up once and its
 * addresses are dialled directly, so they cannot change between the check and the connection.
 */
export const tcpConnector = ({ guard, lookup }: { guard: AddressGuard; lookup: Lookup }) => {
  const requireAllowed = (address: string): string => {
    if (!guard(address)) throw new DialError('private-address')
    return address
  }

  const resolve = async (host: string, attempt: Attempt): Promise<string[]> => {
    if (isLoopbackName(host)) {
      const allowed = loopbackAddresses.filter(guard)
      if (allowed.length === 0) throw new DialError('private-address')
      return allowed
    }
    const started = performance.now()
    const addresses = await attempt.waitFor<string[]>((resolve, reject) => {
      lookup(host).then(resolve, ({ code }) => {
        attempt.noSuchName = noSuchNameCodes.has(code)
        reject(new DialError(code === 'EBUSY' ? 'not-checked' : 'dns'))
      })
    })
    attempt.addPhaseTime('dnsMs', started)
    if (addresses.length === 0) throw new DialError('dns')
    // Refuse the host if any of its addresses is private, because the resolver may return them in another order next
    // time.
    return addresses.map(requireAllowed)
  }

  /**
   * The IPv6 addresses of a host whose IPv4 addresses do not answer. Empty if any of these IPv6 addresses is private.
   */
  const resolveIpv6 = async (host: string): Promise<string[]> => {
    const addresses = isLoopbackName(host) ? [] : await lookup(host, 6)
    return addresses.every(guard) ? addresses : []
  }

  return async ({ host, port, secure }: Endpoint, attempt: Attempt, attemptIndex: number): Promise<Connection> => {
    const isName = isIP(host) === 0
    const addresses = isName ? await resolve(host, attempt) : [requireAllowed(host)]
    attempt.addresses = addresses.length
    const first = attemptIndex % addresses.length
    const started = performance.now()
    let connection: Connection | undefined
    const open = (address: string): Socket => {
      const onRead = (bytes: number) => {
        if (connection?.socket === socket) connection.onData(readBuffer.toString('latin1', 0, bytes))
        return true
      }
      const socket = connect({
        ...{ host: address, port, autoSelectFamily: false },
        ...(!secure && { onread: { buffer: readBuffer, callback: onRead } }),
      })
      return socket
    }
    const socket = await connectToAny([...addresses.slice(first), ...addresses.slice(0, first)], {
      ...{ attempt, open },
      ...(isName && { findMore: () => resolveIpv6(host) }),
    })
    connection = { socket, onData: () => {} }
    attempt.addPhaseTime('connectMs', started)
    attempt.contact = true
    const reached = socket.remoteAddress
    // The server has closed the connection already.
    if (reached === undefined) throw new DialError('reset')
    if (reached !== attempt.address) requireAllowed(reached)
    return connection
  }
}

/** Starts TLS on a TCP connection. Rejects with the TLS library's error if the server refuses HTTP/1.1. */
export const startTls = async (
  connection: Connection,
  { host }: Endpoint,
  attempt: Attempt,
  { secureContext, protocols }: { secureContext: SecureContext; protocols: string[] },
): Promise<Connection> => {
  const started = performance.now()
  const servername = isIP(host) ? '' : host
  const secure = attempt.closeAtEnd(
    connectTls({ socket: connection.socket, host, servername, secureContext, ALPNProtocols: protocols }),
  )
  await attempt.waitFor<void>((resolve, reject) => {
    const onError = (error: Error) => reject(refusesHttp1(error) ? error : new DialError(tlsErrorCodeOf(error)))
    secure.once('error', onError)
    secure.once('secureConnect', () => {
      secure.off('error', onError)
      attempt.failOnErrorOf(secure)
      resolve()
    })
  })
  attempt.addPhaseTime('tlsMs', started)
  connection.socket = secure
  if (secure.alpnProtocol === 'h2') connection.http2 = secure
  else secure.on('data', (piece: Buffer) => connection.onData(piece.toString('latin1')))
  return connection
}

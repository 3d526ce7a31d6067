import { connect, isIP, isIPv4, isIPv6, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { AddressGuard } from './address.ts'
import { connectToAny } from './connect.ts'
import type { Attempt, Family } from './dial-attempt.ts'
import { DialError } from './dial-error.ts'
import type { Lookup } from './lookup.ts'
import type { Endpoint } from './target.ts'
import { type Handshake, secureSocket } from './tls.ts'

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

const isOfFamily: Record<Family, (address: string) => boolean> = { ipv4: isIPv4, ipv6: isIPv6 }

/** The addresses that the attempt may dial. Rejects with `no-ipv4` or `no-ipv6` if there is none. */
const ofFamily = (addresses: string[], attempt: Attempt): string[] => {
  const { family } = attempt
  if (family === undefined) return addresses
  const kept = addresses.filter(isOfFamily[family])
  if (kept.length > 0) return kept
  attempt.noSuchName = true
  throw new DialError(`no-${family}`)
}

export interface TcpConnector {
  /**
   * Opens a TCP connection to a host at an address that the guard allows. The host is looked up once and its addresses
   * are dialled directly, so they cannot change between the check and the connection. Without `isStream`, the bytes go
   * only to `onData` of the connection, which costs less.
   */
  connect(
    to: Pick<Endpoint, 'host' | 'port'>,
    attempt: Attempt,
    attemptIndex: number,
    isStream?: boolean,
  ): Promise<Connection>
  /** The addresses of a host, or of the address itself. Rejects if the guard refuses any of them. */
  addressesOf(host: string, attempt: Attempt): Promise<string[]>
}

export const tcpConnector = ({ guard, lookup }: { guard: AddressGuard; lookup: Lookup }): TcpConnector => {
  const requireAllowed = (address: string): string => {
    if (!guard(address)) throw new DialError('private-address')
    return address
  }

  const lookUp = (host: string, attempt: Attempt, family?: 6): Promise<string[]> =>
    attempt.waitFor<string[]>((resolve, reject) => {
      lookup(host, family).then(resolve, ({ code }) => {
        attempt.noSuchName = noSuchNameCodes.has(code)
        reject(new DialError(code === 'EBUSY' ? 'not-checked' : 'dns'))
      })
    })

  /** The IPv6 addresses of a host. The error `no-ipv6` means that the host has only IPv4 addresses. */
  const lookUpIpv6 = async (host: string, attempt: Attempt): Promise<string[]> => {
    try {
      return await lookUp(host, attempt, 6)
    } catch (error) {
      if (attempt.noSuchName) return (await lookUp(host, attempt)).filter(isIPv6)
      throw error
    }
  }

  const resolve = async (host: string, attempt: Attempt): Promise<string[]> => {
    if (isLoopbackName(host)) {
      const allowed = loopbackAddresses.filter(guard)
      if (allowed.length === 0) throw new DialError('private-address')
      return ofFamily(allowed, attempt)
    }
    const started = performance.now()
    const found = attempt.family === 'ipv6' ? await lookUpIpv6(host, attempt) : await lookUp(host, attempt)
    attempt.addPhaseTime('dnsMs', started)
    if (found.length === 0 && attempt.family !== 'ipv6') throw new DialError('dns')
    const addresses = ofFamily(found, attempt)
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

  const addressesOf = async (host: string, attempt: Attempt): Promise<string[]> =>
    isIP(host) === 0 ? resolve(host, attempt) : ofFamily([requireAllowed(host)], attempt)

  const connectTo: TcpConnector['connect'] = async ({ host, port }, attempt, attemptIndex, isStream = false) => {
    const addresses = await addressesOf(host, attempt)
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
        ...(!isStream && { onread: { buffer: readBuffer, callback: onRead } }),
      })
      return socket
    }
    const socket = await connectToAny([...addresses.slice(first), ...addresses.slice(0, first)], {
      ...{ attempt, open },
      ...(isIP(host) === 0 && attempt.family === undefined && { findMore: () => resolveIpv6(host) }),
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
  return { connect: connectTo, addressesOf }
}

/** Starts TLS on a TCP connection that was opened as a stream. Rejects as `secureSocket` does. */
export const startTls = async (connection: Connection, attempt: Attempt, handshake: Handshake): Promise<Connection> => {
  const secure = await secureSocket(connection.socket, attempt, handshake)
  connection.socket = secure
  if (secure.alpnProtocol === 'h2') connection.http2 = secure
  else secure.on('data', (piece: Buffer) => connection.onData(piece.toString('latin1')))
  return connection
}

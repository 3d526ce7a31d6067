import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import { memoize } from '#functions/host/memoize.ts'
import type { Attempt } from './dial-attempt.ts'
import { DialError, isRefusedOffer, tlsErrorCodeOf } from './dial-error.ts'
import type { ServerSession } from './tls-sessions.ts'

/** How the certificate of a server is judged. */
export interface TlsOptions {
  /** Certificates (PEM) of the authorities to trust instead of the default ones. */
  ca?: string
  /** Accepts every certificate. The result has a warning. */
  anyCertificate?: boolean
  /** Whether the result has the expiry of the certificates. */
  reportsExpiry?: boolean
}

/** A context takes about 0.7 ms and 100 kB, so monitors with the same authorities share one. */
const maxContexts = 200

/**
 * The groups for the key exchange that nearly every server has. By default, OpenSSL also sends a key for the hybrid
 * X25519MLKEM768, which costs 0.2 ms more. The hybrid protects what is sent today from the quantum computers of later.
 */
const classicGroups = 'X25519:P-256:P-384:P-521'

export interface ContextOptions {
  /** Certificates (PEM) of the authorities to trust instead of the default ones. */
  ca?: string | undefined
  /** Offers only `classicGroups`. */
  classic?: boolean
}

/** Returns a function that returns the context for the authorities of a monitor, or the default one. */
export const secureContexts = (defaultCa: string | undefined): ((options?: ContextOptions) => SecureContext) => {
  const standard = contextsFor(defaultCa)
  const own = memoize(contextsFor, maxContexts)
  return ({ ca, classic = false } = {}) => (ca === undefined ? standard : own(ca))(classic)
}

/** Creates the contexts for the authorities when they are needed. */
const contextsFor = (ca: string | undefined): ((classic: boolean) => SecureContext) => {
  const contexts = new Map<boolean, SecureContext>()
  return classic => {
    const context = contexts.get(classic) ?? contextOf(ca, classic)
    contexts.set(classic, context)
    return context
  }
}

const contextOf = (ca: string | undefined, classic: boolean): SecureContext => {
  try {
    return createSecureContext({ ...(ca !== undefined && { ca }), ...(classic && { ecdhCurve: classicGroups }) })
  } catch {
    // The certificates were valid when they were stored, so this says nothing about the site.
    throw new DialError('not-checked')
  }
}

export interface Handshake extends TlsOptions {
  host: string
  secureContext: SecureContext
  protocols?: string[]
  /** The session with the server. Without it, the handshake is a full one. */
  session?: ServerSession | undefined
}

/**
 * Starts TLS on a TCP connection. Rejects with the TLS library's error if the server refuses what was offered, such as
 * HTTP/1.1.
 */
export const secureSocket = async (socket: Socket, attempt: Attempt, handshake: Handshake): Promise<TLSSocket> => {
  const { host, secureContext, protocols, anyCertificate = false, reportsExpiry = false, session } = handshake
  const started = performance.now()
  const servername = isIP(host) ? '' : host
  const offered = session?.get()
  // Node.js copies the certificate at each call, so it is read once.
  let certificate: X509Certificate | undefined
  const readCertificate = () => (certificate ??= secure.getPeerX509Certificate())
  const secure: TLSSocket = attempt.closeAtEnd(
    connect({
      ...{ socket, host, servername, secureContext, rejectUnauthorized: !anyCertificate },
      checkServerIdentity: () => identityError(host, readCertificate()),
      ...(protocols && { ALPNProtocols: protocols }),
      ...(offered && { session: offered.session }),
    }),
  )
  // Node.js calls this for `checkServerIdentity`, which needs only the names. The objects of the whole chain would cost
  // as much as a tenth of the handshake.
  secure.getPeerCertificate = () => noCertificate
  // Sessions are asked for only when needed, because Node.js copies each of them.
  if (session !== undefined && offered === undefined)
    secure.once('session', (received: Buffer) => session.keep(received, expiryOf(readCertificate()) ?? new Date(0)))
  await attempt.waitFor<void>((resolve, reject) => {
    const onError = (error: Error) => {
      session?.forget()
      reject(isRefusedOffer(error) ? error : new DialError(tlsErrorCodeOf(error)))
    }
    secure.once('error', onError)
    secure.once('secureConnect', () => {
      secure.off('error', onError)
      attempt.failOnErrorOf(secure)
      resolve()
    })
  })
  attempt.addPhaseTime('tlsMs', started)
  const isResumed = offered !== undefined && secure.isSessionReused()
  // The server refused the session. The next handshake brings a new one.
  if (offered !== undefined && !isResumed) session?.forget()
  if (anyCertificate) attempt.warn('any-certificate')
  if (reportsExpiry) noteExpiry(isResumed ? offered.certificateExpiresAt : expiryOf(readCertificate()), attempt)
  return secure
}

const noCertificate = {} as PeerCertificate & { issuerCertificate: never }

/** The error of a certificate that is for other hosts; undefined if it is for this host. */
const identityError = (host: string, certificate: X509Certificate | undefined): Error | undefined => {
  const names = certificate?.subjectAltName ?? ''
  // Without such names, the common name counts too.
  if (isIP(host) !== 0 || dnsName.test(names)) return namesError(`${host} ${names}`)
  return checkServerIdentity(host, certificate?.toLegacyObject() ?? noCertificate)
}

const dnsName = /(?:^|, )DNS:/

/** Memoized, because each monitor sees the same names again and again. A host name has no blank. */
const identityErrors = memoize((hostAndNames: string): Error | 'none' => {
  const end = hostAndNames.indexOf(' ')
  const subjectaltname = hostAndNames.slice(end + 1)
  return checkServerIdentity(hostAndNames.slice(0, end), { subjectaltname } as PeerCertificate) ?? 'none'
}, 5_000)
const namesError = (hostAndNames: string) => {
  const found = identityErrors(hostAndNames)
  return found === 'none' ? undefined : found
}

/** The longest chain that is looked at. */
const maxChain = 10

/** The earliest expiry in the chain that begins with the certificate `first`. */
const expiryOf = (first: X509Certificate | undefined): Date | undefined => {
  let earliest: Date | undefined
  let certificate = first
  for (let depth = 0; certificate !== undefined && depth < maxChain; depth++) {
    const { validToDate } = certificate
    if (earliest === undefined || validToDate < earliest) earliest = validToDate
    certificate = certificate.issuerCertificate
  }
  return earliest
}

/** Notes the earliest expiry in the chain. After a redirect, the earliest expiry of all servers counts. */
const noteExpiry = (expiresAt: Date | undefined, attempt: Attempt) => {
  const known = attempt.certificateExpiresAt
  if (expiresAt !== undefined && (known === undefined || expiresAt < known)) attempt.certificateExpiresAt = expiresAt
}

import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { memoize } from '#functions/host/memoize.ts'
import type { Attempt } from './dial-attempt.ts'
import { DialError, refusesHttp1, tlsErrorCodeOf } from './dial-error.ts'

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

/** Returns a function that returns the context for the authorities of a monitor, or the default one. */
export const secureContexts = (defaultCa: string | undefined): ((ca?: string) => SecureContext) => {
  let standard: SecureContext | undefined
  const own = memoize(contextOf, maxContexts)
  return ca => {
    if (ca !== undefined) return own(ca)
    standard ??= createSecureContext(defaultCa === undefined ? {} : { ca: defaultCa })
    return standard
  }
}

const contextOf = (ca: string): SecureContext => {
  try {
    return createSecureContext({ ca })
  } catch {
    // The certificates were valid when they were stored, so this says nothing about the site.
    throw new DialError('not-checked')
  }
}

export interface Handshake extends TlsOptions {
  host: string
  secureContext: SecureContext
  protocols?: string[]
}

/** Starts TLS on a TCP connection. Rejects with the TLS library's error if the server refuses HTTP/1.1. */
export const secureSocket = async (socket: Socket, attempt: Attempt, handshake: Handshake): Promise<TLSSocket> => {
  const { host, secureContext, protocols, anyCertificate = false, reportsExpiry = false } = handshake
  const started = performance.now()
  const servername = isIP(host) ? '' : host
  const secure = attempt.closeAtEnd(
    connect({
      ...{ socket, host, servername, secureContext, rejectUnauthorized: !anyCertificate },
      ...(protocols && { ALPNProtocols: protocols }),
    }),
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
  if (anyCertificate) attempt.warn('any-certificate')
  if (reportsExpiry) noteExpiry(secure, attempt)
  return secure
}

/** The longest chain that is looked at. */
const maxChain = 10

/** Notes when the first certificate of the chain expires. After a redirect, the earliest of all servers counts. */
const noteExpiry = (secure: TLSSocket, attempt: Attempt) => {
  let certificate = secure.getPeerX509Certificate()
  for (let depth = 0; certificate !== undefined && depth < maxChain; depth++) {
    const { validToDate } = certificate
    if (attempt.certificateExpiresAt === undefined || validToDate < attempt.certificateExpiresAt)
      attempt.certificateExpiresAt = validToDate
    certificate = certificate.issuerCertificate
  }
}

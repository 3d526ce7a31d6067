import type { Clock } from '#functions/host/clock.ts'

/**
 * How long after a full handshake the next handshakes with the same server may be abbreviated. A certificate that is
 * exchanged for a bad one is noticed at most this much later. With an interval of a minute, every second handshake is a
 * full one.
 */
const maxAgeMs = 2 * 60_000
/** A session takes about 2 kB, because it contains the certificate. */
const maxSessions = 5_000

/** The session with one server, at one address. */
export interface ServerSession {
  /** The session to offer; undefined if the next handshake must be a full one. */
  get(): Buffer | undefined
  /** Keeps the session of a full handshake, whose first certificate of the chain expires at `certificateExpiresAt`. */
  keep(session: Buffer, certificateExpiresAt: Date): void
  /** Makes the next handshake a full one. */
  forget(): void
}

interface Kept {
  session: Buffer
  from: number
  until: number
}

/**
 * Keeps TLS sessions in the memory of this process. A resumed session costs half of the CPU of a full handshake, but
 * the server does not send its certificate again. So that a check says what a new visitor of the site would see:
 * - A session is used for two minutes after its full handshake, and not after a certificate of its chain has expired.
 * - Each attempt that fails ends the session, and each further attempt of a check makes a full handshake. So a check
 *   that takes a monitor down has seen the certificate.
 * - A session belongs to one host name, port and address, and is used only for http checks that trust the usual
 *   authorities. A check that reports the expiry of the certificate, that has an authority of its own or that accepts
 *   any certificate always makes a full handshake, and so do checks of the other kinds.
 *
 * A server that gets a new certificate often forgets its sessions by that. It then makes a full handshake at once.
 */
export const tlsSessions = (clock: Clock): ((host: string, address: string | null) => ServerSession) => {
  const sessions = new Map<string, Kept>()
  return (host, address) => {
    const key = `${host} ${address}`
    return {
      get: () => {
        const kept = sessions.get(key)
        const now = clock().getTime()
        return kept !== undefined && now >= kept.from && now < kept.until ? kept.session : undefined
      },
      keep: (session, certificateExpiresAt) => {
        if (sessions.size >= maxSessions) sessions.clear()
        const from = clock().getTime()
        sessions.set(key, { session, from, until: Math.min(from + maxAgeMs, certificateExpiresAt.getTime()) })
      },
      forget: () => void sessions.delete(key),
    }
  }
}

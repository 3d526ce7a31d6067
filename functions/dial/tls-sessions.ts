import type { Clock } from '#functions/host/clock.ts'

/**
 * How long after a full handshake the next handshakes with the same server may be abbreviated. A certificate that is
 * exchanged for a bad one is noticed at most this much later. With an interval of a minute, every fifth handshake is a
 * full one. Many servers accept a session for five minutes only, so a longer time would gain nothing there.
 */
const maxAgeMs = 5 * 60_000
/**
 * A session takes about 2 kB, because it contains the certificate. With more servers, some get a full handshake at each
 * check.
 */
const maxSessions = 10_000

/** A session that a handshake may resume. */
export interface KeptSession {
  /** The session with its ticket, as Node.js exports it. */
  readonly session: Buffer
  /** The earliest expiry in the certificate chain of the full handshake. */
  readonly certificateExpiresAt: Date
}

/** The session with one server, at one address. */
export interface ServerSession {
  /** The session to offer; undefined if the next handshake must be a full one. */
  get(): KeptSession | undefined
  /** Keeps the session of a full handshake. `certificateExpiresAt`: the earliest expiry in the certificate chain. */
  keep(session: Buffer, certificateExpiresAt: Date): void
  /** Makes the next handshake a full one. */
  forget(): void
}

interface Kept extends KeptSession {
  from: number
  until: number
}

/**
 * Keeps TLS sessions in the memory of this process. A resumed session costs half of the CPU of a full handshake, but
 * the server does not send its certificate again. So that a check says what a new visitor of the site would see:
 * - A session is used for five minutes after its full handshake, and not after a certificate of its chain has expired.
 * - Each attempt that fails ends the session, and each further attempt of a check makes a full handshake. So a check
 *   that takes a monitor down has seen the certificate.
 * - A session belongs to one host name, port and address, and is used only for http checks that trust the usual
 *   authorities. A check that has an authority of its own or that accepts any certificate always makes a full
 *   handshake, and so do checks of the other kinds, such as `tls`.
 * - A check that reports the expiry of the certificate reports the expiry that the full handshake showed.
 *
 * A server that gets a new certificate often forgets its sessions, so the next handshake with it is a full one.
 *
 * The first session with a server ends earlier, at a random time, so that the full handshakes of thousands of
 * monitors that begin together are spread over the five minutes.
 */
export const tlsSessions = (
  clock: Clock,
  random: () => number,
): ((host: string, address: string | null) => ServerSession) => {
  const sessions = new Map<string, Kept>()
  let sweptAt = 0
  /** Whether there is room for another session. Sessions that have ended are deleted at most once a minute. */
  const hasRoom = (now: number): boolean => {
    if (sessions.size < maxSessions) return true
    if (Math.abs(now - sweptAt) < 60_000) return false
    sweptAt = now
    for (const [key, { until }] of sessions) if (until <= now) sessions.delete(key)
    return sessions.size < maxSessions
  }
  return (host, address) => {
    const key = `${host} ${address}`
    return {
      get: () => {
        const kept = sessions.get(key)
        const now = clock().getTime()
        return kept !== undefined && now >= kept.from && now < kept.until ? kept : undefined
      },
      keep: (session, certificateExpiresAt) => {
        const from = clock().getTime()
        const isFirst = !sessions.has(key)
        if (isFirst && !hasRoom(from)) return
        const ageMs = isFirst ? maxAgeMs * random() : maxAgeMs
        const until = Math.min(from + ageMs, certificateExpiresAt.getTime())
        sessions.set(key, { session, certificateExpiresAt, from, until })
      },
      forget: () => void sessions.delete(key),
    }
  }
}

import type { Socket } from 'node:net'
import { graverWarning, type ProbeErrorCode, type ProbeWarningCode } from '#events/probe-error.ts'
import { DialError, errorCodeOf } from './dial-error.ts'

/** How long each phase took, in milliseconds; null for a phase that did not happen. The times of redirects add up. */
export interface Phases {
  dnsMs: number | null
  connectMs: number | null
  tlsMs: number | null
  /** From the end of the request to the end of the response headers. */
  firstByteMs: number | null
  totalMs: number
}

/** An IP version to which an attempt is limited. */
export type Family = 'ipv4' | 'ipv6'

/** The result of an attempt. A failure is a result too: nothing is thrown. */
export interface DialResult extends Phases {
  /** Null if there was a response (http), or if the connection was accepted (tcp). */
  error: ProbeErrorCode | null
  /** HTTP status of the last response, whatever it is; null without a response. */
  status: number | null
  /** The last address that was dialled, or null. */
  address: string | null
  /** Whether the other end sent something, even if only a refusal. If it did, the network between us works. */
  contact: boolean
  /** Set if a name server said that the name does not exist or has no address. */
  noSuchName?: true
  /** How many addresses the host has; 1 for a URL with an address. */
  addresses?: number
  /** The most important warning. It may be set together with an error. */
  warning?: ProbeWarningCode
  /** The earliest expiry in the certificate chain, if the check looked at it. */
  certificateExpiresAt?: Date
  /** The days before the expiry at which people are warned first, if the monitor has this setting. */
  certificateDays?: number
  /** What the server answered, if this explains the error: at most `maxDetailLength` printable characters. */
  detail?: string
}

const maxDetailLength = 200

/** The text for `DialResult.detail`: one line, without control characters. */
export const detailOf = (text: string): string =>
  text
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, maxDetailLength)

/**
 * If the timeout fires more than 1 s late, the event loop was blocked. The site may not be slow then, so the attempt
 * reports `not-checked`.
 */
const blockedLoopMs = 1_000

/** Limit for the bytes that all attempts together keep in memory. */
const maxHeldBytes = 64 * 1024 * 1024
let heldBytes = 0

/**
 * One attempt to reach a URL, with one timeout for all of its phases. When the timeout fires or a socket of the attempt
 * fails, the pending promise of `waitFor` rejects.
 */
export class Attempt {
  contact = false
  status: number | null = null
  address: string | null = null
  addresses = 1
  noSuchName = false
  certificateExpiresAt: Date | undefined
  detail: string | undefined
  /** Only addresses of this family are dialled. */
  readonly family: Family | undefined
  isFinished = false
  readonly #started = performance.now()
  readonly #timeoutMs: number
  readonly #timer: NodeJS.Timeout
  readonly #sockets: Socket[] = []
  readonly #phases: Omit<Phases, 'totalMs'> = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null }
  readonly #fail: (error: Error) => void
  #failure: Error | undefined
  #rejectWait: ((error: Error) => void) | undefined
  #warning: ProbeWarningCode | undefined
  #heldBytes = 0

  constructor(timeoutMs: number, family?: Family) {
    this.family = family
    this.#timeoutMs = timeoutMs
    this.#fail = error => {
      this.#failure ??= error
      this.#rejectWait?.(this.#failure)
    }
    this.#timer = setTimeout(Attempt.#onTimeout, timeoutMs, this)
  }

  static #onTimeout(attempt: Attempt) {
    const lateMs = performance.now() - attempt.#started - attempt.#timeoutMs
    attempt.#fail(new DialError(lateMs > blockedLoopMs ? 'not-checked' : 'timeout'))
  }

  /** Destroys the socket when the attempt finishes. Returns the socket. */
  closeAtEnd<S extends Socket>(socket: S): S {
    this.#sockets.push(socket)
    return socket
  }

  /** From now on, an error of this socket fails the attempt. */
  failOnErrorOf(socket: Socket): void {
    socket.on('error', this.#fail)
  }

  /** Returns a promise that also rejects when the attempt fails. An attempt waits for one promise at a time. */
  waitFor<T>(executor: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure)
      this.#rejectWait = reject
      executor(resolve, reject)
    })
  }

  /** Adds the time since `started` (performance.now()) to a phase. */
  addPhaseTime(phase: Exclude<keyof Phases, 'totalMs'>, started: number): void {
    this.#phases[phase] = (this.#phases[phase] ?? 0) + performance.now() - started
  }

  /** Sets the warning of the result, unless a more important one is set. */
  warn(warning: ProbeWarningCode): void {
    this.#warning = graverWarning(warning, this.#warning)
  }

  /**
   * Counts bytes that the attempt keeps in memory until it finishes. Throws if all attempts together keep too many,
   * because thousands of servers may answer slowly at the same time.
   */
  holdBytes(bytes: number): void {
    this.#heldBytes += bytes
    heldBytes += bytes
    if (heldBytes > maxHeldBytes) throw new DialError('not-checked')
  }

  /** Ends the attempt: stops the timer, destroys the sockets, and returns the result. */
  finish(error: ProbeErrorCode | null): DialResult {
    clearTimeout(this.#timer)
    this.isFinished = true
    // A TLS connection comes before the TCP connection that it uses: in the other order, Node.js 26 crashes.
    for (const socket of this.#sockets.reverse()) socket.destroy()
    heldBytes -= this.#heldBytes
    this.#heldBytes = 0
    const { status, address, addresses } = this
    const contact = this.contact || error === 'refused' || error === 'reset'
    return {
      ...{ error, status, address, contact, addresses },
      ...(this.noSuchName && { noSuchName: true as const }),
      ...(this.#warning && { warning: this.#warning }),
      ...(this.certificateExpiresAt && { certificateExpiresAt: this.certificateExpiresAt }),
      ...(this.detail && { detail: detailOf(this.detail) }),
      ...this.#phases,
      totalMs: performance.now() - this.#started,
    }
  }
}

/** Runs `work` as one attempt of at most `timeoutMs` and returns its result. */
export const runAttempt = async (
  { timeoutMs, family }: { timeoutMs: number; family?: Family },
  work: (attempt: Attempt) => Promise<void>,
): Promise<DialResult> => {
  const attempt = new Attempt(timeoutMs, family)
  try {
    await work(attempt)
    return attempt.finish(null)
  } catch (thrown) {
    return attempt.finish(errorCodeOf(thrown))
  }
}

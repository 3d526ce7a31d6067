import type { Socket } from 'node:net'
import type { ProbeErrorCode, ProbeWarningCode } from '#events/probe-error.ts'
import { DialError, errorCodeOf } from './dial-error.ts'

/** How long each part took, milliseconds; null where it did not come to that. Redirects add up. */
export interface Phases {
  dnsMs: number | null
  connectMs: number | null
  tlsMs: number | null
  /** From the request sent to the headers of the answer. */
  firstByteMs: number | null
  totalMs: number
}

/** What came of dialling. That it failed is an outcome; nothing is thrown. */
export interface DialResult extends Phases {
  /** null: there was an answer (http), the connection stood (tcp). */
  error: ProbeErrorCode | null
  /** HTTP status of the last answer, whatever it says; null without one. */
  status: number | null
  /** The last one dialled, or null. */
  address: string | null
  /** Something came back from the other end, if only a refusal: the way there is open. */
  contact: boolean
  /** A name server said that the name does not exist, or has no address. */
  noSuchName?: true
  /** How many addresses the name has; 1 for a URL with an address. */
  addresses?: number
  /** What is worth knowing although the check is good. */
  warning?: ProbeWarningCode
}

/** A timer that comes this much too late tells of a process that stood still, not of a slow site. */
const stoodStillMs = 1_000

/** One trip to a URL, under one deadline: whatever is waited for ends when it passes or when a socket of the trip fails. */
export class Attempt {
  contact = false
  status: number | null = null
  address: string | null = null
  addresses = 1
  insecureRedirect = false
  noSuchName = false
  isFinished = false
  readonly #started = performance.now()
  readonly #timeoutMs: number
  readonly #deadline: NodeJS.Timeout
  readonly #sockets: Socket[] = []
  readonly #phases: Omit<Phases, 'totalMs'> = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null }
  readonly #breakOff: (error: Error) => void
  #broken: Error | undefined
  #giveUp: ((error: Error) => void) | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    this.#breakOff = error => {
      this.#broken ??= error
      this.#giveUp?.(this.#broken)
    }
    this.#deadline = setTimeout(Attempt.#late, timeoutMs, this)
  }

  static #late(runAttempt: Attempt) {
    const lateMs = performance.now() - runAttempt.#started - runAttempt.#timeoutMs
    runAttempt.#breakOff(new DialError(lateMs > stoodStillMs ? 'not-checked' : 'timeout'))
  }

  /** Closed when the trip ends. */
  closeAtEnd<S extends Socket>(socket: S): S {
    this.#sockets.push(socket)
    return socket
  }

  /** From now on, an error of this socket ends the trip. */
  failOnErrorOf(socket: Socket): void {
    socket.on('error', this.#breakOff)
  }

  /** Waits for what `begin` resolves. */
  waitFor<T>(begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken)
      this.#giveUp = reject
      begin(resolve, reject)
    })
  }

  /** Adds the time since `started` (performance.now()) to a phase. */
  addPhaseTime(phase: Exclude<keyof Phases, 'totalMs'>, started: number): void {
    this.#phases[phase] = (this.#phases[phase] ?? 0) + performance.now() - started
  }

  /** The end of it: what came of it. */
  finish(error: ProbeErrorCode | null): DialResult {
    clearTimeout(this.#deadline)
    this.isFinished = true
    for (const socket of this.#sockets) socket.destroy()
    const { status, address, addresses } = this
    const contact = this.contact || error === 'refused' || error === 'reset'
    return {
      ...{ error, status, address, contact, addresses },
      ...(this.noSuchName && { noSuchName: true as const }),
      ...(this.insecureRedirect && { warning: 'insecure-redirect' as const }),
      ...this.#phases,
      totalMs: performance.now() - this.#started,
    }
  }
}

/** Goes on a trip that ends after `timeoutMs` at the latest, and tells what came of it. */
export const trip = async (timeoutMs: number, go: (trip: Attempt) => Promise<void>): Promise<DialResult> => {
  const under = new Attempt(timeoutMs)
  try {
    await go(under)
    return under.finish(null)
  } catch (thrown) {
    return under.finish(errorCodeOf(thrown))
  }
}

import type { Socket } from 'node:net'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { Fault, faultOf } from './safe-faults.ts'

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
export interface Dialled extends Phases {
  /** null: there was an answer (http), the connection stood (tcp). */
  error: ProbeErrorCode | null
  /** HTTP status of the last answer, whatever it says; null without one. */
  status: number | null
  /** The last one dialled, or null. */
  address: string | null
  /** Something came back from the other end, if only a refusal: the way there is open. */
  contact: boolean
}

/** One trip to a URL, under one deadline: whatever is waited for ends when it passes or when a socket of the trip fails. */
export interface Trip {
  contact: boolean
  status: number | null
  address: string | null
  /** Closed when the trip ends. */
  holds<S extends Socket>(socket: S): S
  /** Waits for what `begin` resolves. */
  stage<T>(begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T>
  /** Adds the time since `started` (performance.now()) to a phase. */
  spent(phase: Exclude<keyof Phases, 'totalMs'>, started: number): void
}

/** A timer that comes this much too late tells of a process that stood still, not of a slow site. */
const stoodStillMs = 1_000

/** Goes on a trip that ends after `timeoutMs` at the latest, and tells what came of it. */
export const trip = async (timeoutMs: number, go: (trip: Trip) => Promise<void>): Promise<Dialled> => {
  const started = performance.now()
  const sockets: Socket[] = []
  const phases: Omit<Phases, 'totalMs'> = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null }
  let broken: Error | undefined
  let giveUp: ((error: Error) => void) | undefined
  const breakOff = (error: Error) => {
    broken ??= error
    giveUp?.(broken)
  }
  const deadline = setTimeout(() => {
    const lateMs = performance.now() - started - timeoutMs
    breakOff(new Fault(lateMs > stoodStillMs ? 'not-checked' : 'timeout'))
  }, timeoutMs)

  const under: Trip = {
    contact: false,
    status: null,
    address: null,
    holds: socket => {
      sockets.push(socket)
      socket.on('error', breakOff)
      return socket
    },
    stage: begin =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken)
        giveUp = reject
        begin(resolve, reject)
      }),
    spent: (phase, since) => {
      phases[phase] = (phases[phase] ?? 0) + performance.now() - since
    },
  }

  let error: ProbeErrorCode | null = null
  try {
    await go(under)
  } catch (thrown) {
    error = faultOf(thrown)
  } finally {
    clearTimeout(deadline)
    for (const socket of sockets) socket.destroy()
  }
  const contact = under.contact || error === 'refused' || error === 'reset'
  const { status, address } = under
  return { error, status, address, contact, ...phases, totalMs: performance.now() - started }
}

import type { Socket } from 'node:net'
import type { Attempt } from './dial-attempt.ts'
import { errorCodeOf } from './dial-error.ts'

/** The next address is tried beside a silent one after this time (RFC 8305 recommends 100 ms to 2 s). */
const staggerMs = 500

/**
 * Connects to the first of several addresses that accepts ("happy eyeballs"): the next one is tried when one fails, and beside one
 * that is silent. When all of them are in use, `more` is asked once for others. Rejects when all have failed.
 */
export const connectToAny = (
  addresses: readonly string[],
  { trip, open, more }: { trip: Attempt; open: (address: string) => Socket; more?: () => Promise<readonly string[]> },
): Promise<Socket> =>
  trip.waitFor<Socket>((resolve, reject) => {
    const left = [...addresses]
    let others = more
    let pending = 0
    let connected = false
    let failure: Error | undefined
    let timer: NodeJS.Timeout | undefined

    const next = () => {
      clearTimeout(timer)
      if (connected || trip.isFinished) return
      const address = left.shift()
      if (address !== undefined) return attempt(address)
      if (others !== undefined) {
        const ask = others
        others = undefined
        pending++
        ask()
          .then(
            found => void left.push(...found.filter(address => !addresses.includes(address))),
            () => {},
          )
          .then(() => {
            pending--
            next()
          })
        return
      }
      if (pending === 0) reject(failure!)
    }

    const attempt = (address: string) => {
      pending++
      trip.address = address
      const socket = trip.closeAtEnd(open(address))
      const failed = (error: Error) => {
        pending--
        const fault = errorCodeOf(error)
        if (fault === 'refused' || fault === 'reset') trip.contact = true
        // A network that is missing here (IPv6, often) says less than any other failure.
        if (failure === undefined || errorCodeOf(failure) === 'unreachable') failure = error
        next()
      }
      socket.once('error', failed)
      socket.once('connect', () => {
        if (connected || trip.isFinished) return void socket.destroy()
        connected = true
        clearTimeout(timer)
        socket.off('error', failed)
        trip.failOnErrorOf(socket)
        trip.address = address
        resolve(socket)
      })
      if (left.length > 0 || others !== undefined) timer = setTimeout(next, staggerMs)
    }

    next()
  })

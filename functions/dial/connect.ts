import type { Socket } from 'node:net'
import type { Attempt } from './dial-attempt.ts'
import { errorCodeOf } from './dial-error.ts'

/**
 * The time without an answer after which the next address is tried in parallel (RFC 8305 recommends 100 ms to 2 s).
 */
const staggerMs = 500

export interface ConnectOptions {
  attempt: Attempt
  /** Starts a connection to an address. */
  open: (address: string) => Socket
  /** Finds more addresses. It is called once, when every given address has been tried. */
  findMore?: () => Promise<readonly string[]>
}

/**
 * Connects to several addresses ("happy eyeballs") and resolves with the first socket that connects. The next address
 * is tried when an address fails, and in parallel when an address does not answer. Rejects when all addresses have
 * failed.
 */
export const connectToAny = (
  addresses: readonly string[],
  { attempt, open, findMore }: ConnectOptions,
): Promise<Socket> =>
  attempt.waitFor<Socket>((resolve, reject) => {
    const untried = [...addresses]
    let unusedFindMore = findMore
    let pending = 0
    let isConnected = false
    let failure: Error | undefined
    let timer: NodeJS.Timeout | undefined

    const tryNext = () => {
      clearTimeout(timer)
      if (isConnected || attempt.isFinished) return
      const address = untried.shift()
      if (address !== undefined) return tryAddress(address)
      if (unusedFindMore !== undefined) return tryMore(unusedFindMore)
      if (pending === 0) reject(failure!)
    }

    const tryMore = (find: () => Promise<readonly string[]>) => {
      unusedFindMore = undefined
      pending++
      find()
        .then(
          found => void untried.push(...found.filter(address => !addresses.includes(address))),
          () => {},
        )
        .then(() => {
          pending--
          tryNext()
        })
    }

    const tryAddress = (address: string) => {
      pending++
      attempt.address = address
      const socket = attempt.closeAtEnd(open(address))
      const onError = (error: Error) => {
        pending--
        const code = errorCodeOf(error)
        if (code === 'refused' || code === 'reset') attempt.contact = true
        // Report another failure rather than `unreachable`, which often means only that this machine has no IPv6.
        if (failure === undefined || errorCodeOf(failure) === 'unreachable') failure = error
        tryNext()
      }
      socket.once('error', onError)
      socket.once('connect', () => {
        if (isConnected || attempt.isFinished) return void socket.destroy()
        isConnected = true
        clearTimeout(timer)
        socket.off('error', onError)
        attempt.failOnErrorOf(socket)
        attempt.address = address
        resolve(socket)
      })
      if (untried.length > 0 || unusedFindMore !== undefined) timer = setTimeout(tryNext, staggerMs)
    }

    tryNext()
  })

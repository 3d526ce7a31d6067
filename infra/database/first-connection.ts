export interface Pace {
  /** Milliseconds of a clock that only goes forward. */
  now(): number
  pause(ms: number): Promise<unknown>
}

/**
 * A pod that is new reaches nothing for about a second where network policies are enforced: its address is not in them yet. And a server
 * that starts says so (57P03). Each passes by itself.
 */
const passing = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', '57P03'])

const patienceMs = 3_000
const pauseMs = 100

/**
 * Repeats connecting, for 3 s from the first attempt, as long as none has succeeded. Afterwards a failure is a failure at once: a database
 * that goes away is the broker's to wait for, and it repeats the event.
 */
export const firstConnection = ({ now, pause }: Pace) => {
  let connected = false
  let givenUpAt: number | undefined

  const connection = async <T>(connect: () => Promise<T>): Promise<T> => {
    givenUpAt ??= now() + patienceMs
    for (;;)
      try {
        const made = await connect()
        connected = true
        return made
      } catch (error) {
        const { code = '' } = error as { code?: string }
        if (connected || !passing.has(code) || now() >= givenUpAt) throw error
        await pause(pauseMs)
      }
  }

  return { connection, isConnected: () => connected }
}

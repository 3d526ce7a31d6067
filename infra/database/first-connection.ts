import { isStarting } from './unavailable.ts'

/** A clock and a pause. They are an argument, so that tests do not wait in real time. */
export interface Timer {
  /** Milliseconds of a clock that only goes forward. */
  now(): number
  pause(ms: number): Promise<unknown>
}

const timeoutMs = 3_000
const pauseMs = 100

/**
 * Retries connecting until the first success, for at most 3 s after the first attempt. The retries cover two states
 * that end by themselves: a server that starts, and a new pod whose address the network policies do not know yet (about
 * one second). After the first success every failure is thrown at once, because the broker retries the event.
 */
export const firstConnection = ({ now, pause }: Timer) => {
  let connected = false
  let deadline: number | undefined

  const connection = async <T>(connect: () => Promise<T>): Promise<T> => {
    deadline ??= now() + timeoutMs
    for (;;)
      try {
        const opened = await connect()
        connected = true
        return opened
      } catch (error) {
        if (connected || !isStarting(error) || now() >= deadline) throw error
        await pause(pauseMs)
      }
  }

  return { connection, isConnected: () => connected }
}

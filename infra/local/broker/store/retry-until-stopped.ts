import { setTimeout as pause } from 'node:timers/promises'

/** Repeats `work` until it resolves or `isStopping()` is true, with pauses from 20 ms to 1 s. */
export const retryUntilStopped = async (
  work: () => Promise<void>,
  isStopping: () => boolean,
  onError?: (error: unknown) => void,
): Promise<void> => {
  for (let pauseMs = 20; !isStopping(); pauseMs = Math.min(pauseMs * 2, 1_000)) {
    try {
      return await work()
    } catch (error) {
      onError?.(error)
      await pause(pauseMs, undefined, { ref: false })
    }
  }
}

import { setTimeout } from 'node:timers/promises'

/**
 * Calls `condition` until it returns a truthy value, and returns that value. After `timeoutMs`, `until` throws an error
 * that names `what`, with the last error of the condition as its cause. An error of the condition counts as "not yet".
 * If `what` is a function, it is called when the time is over, so that it can show what there is then.
 */
export const until = async <T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 20_000, what = 'the condition' }: { timeoutMs?: number; what?: string | (() => string) } = {},
): Promise<NonNullable<T>> => {
  const end = performance.now() + timeoutMs
  let cause: unknown
  for (let pause = 2; ; pause = Math.min(pause * 2, 50)) {
    try {
      const value = await condition()
      if (value) return value as NonNullable<T>
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (performance.now() > end) {
      const awaited = typeof what === 'string' ? what : what()
      throw new Error(`timed out after ${timeoutMs} ms while waiting for ${awaited}`, { cause })
    }
    await setTimeout(pause)
  }
}

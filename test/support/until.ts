import { setTimeout } from 'node:timers/promises'

/** Waits until `condition` gives something truthy and returns that; throws with `what` and the condition's last error when time is up. */
export const until = async <T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 20_000, what = 'the condition' }: { timeoutMs?: number; what?: string } = {},
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
    if (performance.now() > end) throw new Error(`${what} did not come true within ${timeoutMs} ms`, { cause })
    await setTimeout(pause)
  }
}

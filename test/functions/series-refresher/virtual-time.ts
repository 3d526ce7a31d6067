/**
 * A clock for a simulation in which several tasks wait at the same time. Only one task runs at once. When every task
 * waits, the clock jumps to the end of the shortest wait.
 */
export const virtualTime = (start: Date) => {
  let nowMs = start.getTime()
  let running = 0
  let onIdle: (() => void) | undefined
  const waiting: { at: number; resume: () => void }[] = []
  const leave = () => {
    running--
    if (running === 0) onIdle?.()
  }

  const wait = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push({ at: nowMs + Math.max(0, ms), resume: resolve })
    leave()
    await promise
  }
  const failures: unknown[] = []

  return {
    now: () => new Date(nowMs),
    wait,
    /** Starts a task at a time. The task may wait with `wait` only. */
    startAt: (at: Date, task: () => Promise<void>): void => {
      waiting.push({
        at: at.getTime(),
        resume: () =>
          void task()
            .catch(error => failures.push(error))
            .finally(leave),
      })
    },
    /** Runs until no task waits. Throws the first error of a task. */
    run: async (): Promise<void> => {
      for (;;) {
        const next = waiting.reduce<(typeof waiting)[number] | undefined>(
          (first, each) => (first === undefined || each.at < first.at ? each : first),
          undefined,
        )
        if (next === undefined) break
        waiting.splice(waiting.indexOf(next), 1)
        nowMs = Math.max(nowMs, next.at)
        const { promise, resolve } = Promise.withResolvers<void>()
        onIdle = resolve
        running++
        next.resume()
        await promise
        if (failures.length > 0) throw failures[0]
      }
    },
  }
}

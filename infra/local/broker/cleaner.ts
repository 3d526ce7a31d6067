import type { Log } from './log.ts'
import type { Retention } from './retention.ts'
import type { Store } from './store/store.ts'

const cleanEveryMs = 60_000

export interface Cleaner {
  /** Deletes events that need not be kept. A call during a run waits for that run. Never rejects. */
  clean(): Promise<void>
  /** Ends the timer, and waits for a run that has begun. */
  stop(): Promise<void>
}

/** Deletes old events once a minute. */
export const startCleaner = (
  store: Pick<Store, 'isOpen' | 'deleteDoneEvents'>,
  retention: Retention,
  keepMs: number,
  log: Log,
): Cleaner => {
  let running: Promise<void> | undefined
  const run = async () => {
    try {
      if (!store.isOpen) return
      await store.deleteDoneEvents(keepMs)
      await retention.clean()
    } catch (error) {
      log.warn({ error }, 'old events could not be deleted')
    } finally {
      running = undefined
    }
  }
  const clean = () => {
    running ??= run()
    return running
  }
  const timer = setInterval(() => void clean(), cleanEveryMs)
  timer.unref()
  return {
    clean,
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}

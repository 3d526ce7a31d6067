import { setImmediate } from 'node:timers/promises'
import type { Postgres } from '#database/connect.ts'

/**
 * A clock that jumps to the end of the next sleep when all code under test sleeps. Real work, such as a query, takes no
 * time on this clock; the clock waits for work that goes through `watched` or `busy`.
 */
export const virtualTime = (start: Date | string) => {
  let now = new Date(start).getTime()
  let busyCount = 0
  const sleepers = new Set<{ at: number; wake(): void }>()

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      if (signal?.aborted) return resolve()
      const sleeper = {
        at: now + Math.max(0, ms),
        wake: () => {
          sleepers.delete(sleeper)
          resolve()
        },
      }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', sleeper.wake, { once: true })
    })

  const busy = <T>(work: Promise<T>): Promise<T> => {
    busyCount++
    return work.finally(() => {
      busyCount--
    })
  }

  /** Resolves after ten turns of the event loop without busy work. */
  const everythingSleeps = async () => {
    for (let calm = 0; calm < 10; calm = busyCount === 0 ? calm + 1 : 0) await setImmediate()
  }

  const next = () => [...sleepers].reduce((first, sleeper) => (sleeper.at < first.at ? sleeper : first))

  return {
    clock: () => new Date(now),
    sleep,
    busy,
    watched: (db: Postgres): Postgres => ({
      query: (sql, values) => busy(db.query(sql, values)),
      transaction: work => busy(db.transaction(work)),
      end: () => db.end(),
    }),
    /** Advances the clock until `work` is done. */
    until: async <T>(work: Promise<T>): Promise<T> => {
      let done = false
      const end = () => {
        done = true
      }
      work.then(end, end)
      for (;;) {
        await everythingSleeps()
        if (done) return work
        if (sleepers.size === 0) throw new Error('the work is not done, and no sleeping code can continue it')
        const sleeper = next()
        now = Math.max(now, sleeper.at)
        sleeper.wake()
      }
    },
    /** Advances the clock by `ms` and runs everything that wakes up in that time. */
    pass: async (ms: number): Promise<void> => {
      const end = now + ms
      for (;;) {
        await everythingSleeps()
        if (sleepers.size === 0 || next().at > end) break
        const sleeper = next()
        now = Math.max(now, sleeper.at)
        sleeper.wake()
      }
      now = end
    },
  }
}

export type VirtualTime = ReturnType<typeof virtualTime>

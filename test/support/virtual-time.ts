import { setImmediate } from 'node:timers/promises'
import type { Postgres } from '#database/connect.ts'

/**
 * A clock that moves when nobody has anything left to do but wait: then to the next who does. Real work (a query) takes no time on it,
 * and is waited for when it goes through `watched` or `busy`.
 */
export const virtualTime = (start: Date | string) => {
  let now = new Date(start).getTime()
  let working = 0
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
    working++
    return work.finally(() => {
      working--
    })
  }

  const quiet = async () => {
    for (let calm = 0; calm < 10; calm = working === 0 ? calm + 1 : 0) await setImmediate()
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
    /** Lets time pass until `work` is done. */
    until: async <T>(work: Promise<T>): Promise<T> => {
      let done = false
      const end = () => {
        done = true
      }
      work.then(end, end)
      for (;;) {
        await quiet()
        if (done) return work
        if (sleepers.size === 0) throw new Error('everybody waits, and nobody for the time')
        const sleeper = next()
        now = Math.max(now, sleeper.at)
        sleeper.wake()
      }
    },
    /** Lets so much time pass, and whoever wakes in it do its work. */
    pass: async (ms: number): Promise<void> => {
      const end = now + ms
      for (;;) {
        await quiet()
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

import type { Clock } from '#functions/host/clock.ts'

interface Entry<Value> {
  value: Value
  bytes: number
  at: number
  /** For how long it is answered without a new reading. */
  freshMs: number
}

export interface CacheOptions<Value> {
  clock: Clock
  /**
   * For how long a value is answered without a new reading, at least. A value whose reading took long is answered ten
   * times as long, but at most for a third of `refreshMs`.
   */
  freshMs: number
  /** For how long an older value is answered while it is read again. */
  refreshMs: number
  /** For how long an old value is answered if the reading fails. */
  staleMs: number
  bytesOf(value: Value): number
  mostBytes: number
}

/** `read` gets the value that is kept, if there is one. */
export type Cache<Value> = (key: string, read: (previous?: Value) => Promise<Value>) => Promise<Value>

/**
 * Keeps what was read in memory. Requests for the same key share one reading, and do not wait for it while the value is
 * only a few seconds old. If a reading fails, an older value is answered. The values that were used longest ago are
 * removed first.
 */
export const responseCache = <Value>({
  clock,
  freshMs,
  refreshMs,
  staleMs,
  bytesOf,
  mostBytes,
}: CacheOptions<Value>): Cache<Value> => {
  const entries = new Map<string, Entry<Value>>()
  const reading = new Map<string, Promise<Value>>()
  let bytes = 0

  const remove = (key: string) => {
    bytes -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }

  const keep = (key: string, value: Value, begunAt: number) => {
    remove(key)
    const size = bytesOf(value) + key.length * 2
    const at = clock().getTime()
    const restMs = Math.min(10 * (at - begunAt), refreshMs / 3)
    entries.set(key, { value, bytes: size, at, freshMs: Math.max(freshMs, restMs) })
    bytes += size
    for (const oldest of entries.keys()) {
      if (bytes <= mostBytes) break
      remove(oldest)
    }
  }

  const readOnce = (key: string, read: (previous?: Value) => Promise<Value>): Promise<Value> => {
    const running = reading.get(key)
    if (running !== undefined) return running
    const begunAt = clock().getTime()
    const begun = read(entries.get(key)?.value)
      .then(value => {
        keep(key, value, begunAt)
        return value
      })
      .finally(() => reading.delete(key))
    reading.set(key, begun)
    return begun
  }

  return async (key, read) => {
    const found = entries.get(key)
    const ageMs = found === undefined ? Number.POSITIVE_INFINITY : clock().getTime() - found.at
    if (found !== undefined && ageMs < found.freshMs) {
      // The entry becomes the one that was used last.
      entries.delete(key)
      entries.set(key, found)
      return found.value
    }
    const begun = readOnce(key, read)
    if (found !== undefined && ageMs < refreshMs) {
      // The next request reads again if this reading fails.
      begun.catch(() => {})
      return found.value
    }
    try {
      return await begun
    } catch (error) {
      if (found !== undefined && ageMs < staleMs) return found.value
      throw error
    }
  }
}

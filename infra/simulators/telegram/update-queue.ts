import type { Time } from '../time.ts'
import type { Update } from './bot-api.ts'

export interface QueuedUpdate {
  readonly update: Update
  /** Identifies the queue. The webhook gets the updates of the same queue one after another. */
  readonly queue: number
  /** Unix milliseconds after which the update is dropped. */
  readonly expiresAt: number
}

/** The updates that a bot has not received yet, oldest first. */
export interface UpdateQueue {
  push(update: Omit<Update, 'update_id'>, options: { queue: number; seconds: number }): Update
  /**
   * Returns the updates from the id `offset` on, and removes earlier updates, which count as received. A negative
   * offset counts from the end of the queue.
   */
  take(offset: number, limit: number): Update[]
  remove(updateId: number): void
  pending(): QueuedUpdate[]
  clear(): void
  /** Calls `listener` for each new update until the returned function is called. */
  watch(listener: (queued: QueuedUpdate) => void): () => void
  nextId(): number
  startAt(updateId: number): void
  /** Puts back the updates that were waiting before a restart. */
  restore(waiting: QueuedUpdate[]): void
}

export const updateQueue = (time: Time): UpdateQueue => {
  let queued: QueuedUpdate[] = []
  // The first id comes from the clock, so that a restarted simulator does not repeat ids that the bot has handled.
  let nextId = Math.max(1, Math.floor(time.now().getTime() / 1000) - 1_000_000_000)
  const listeners = new Set<(queued: QueuedUpdate) => void>()
  const unexpired = () => {
    const now = time.now().getTime()
    queued = queued.filter(({ expiresAt }) => expiresAt > now)
    return queued
  }
  return {
    push: (update, { queue, seconds }) => {
      const entry = {
        update: { update_id: nextId++, ...update },
        queue,
        expiresAt: time.now().getTime() + seconds * 1000,
      }
      queued.push(entry)
      for (const listener of listeners) listener(entry)
      return entry.update
    },
    take: (offset, limit) => {
      if (offset < 0) queued = unexpired().slice(offset)
      else if (offset > 0) queued = unexpired().filter(({ update }) => update.update_id >= offset)
      return unexpired()
        .slice(0, limit)
        .map(({ update }) => update)
    },
    remove: updateId => {
      queued = queued.filter(({ update }) => update.update_id !== updateId)
    },
    pending: () => [...unexpired()],
    clear: () => {
      queued = []
    },
    watch: listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    nextId: () => nextId,
    startAt: updateId => {
      nextId = Math.max(nextId, updateId)
    },
    restore: waiting => {
      queued = [...waiting, ...queued]
    },
  }
}

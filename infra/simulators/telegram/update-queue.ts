import type { Time } from '../time.ts'
import type { Update } from './bot-api.ts'

export interface QueuedUpdate {
  readonly update: Update
  /** Updates of one queue are delivered one after the other. */
  readonly queue: number
  /** Unix milliseconds after which it is dropped undelivered. */
  readonly expiresAt: number
}

/** The updates a bot has not taken yet, oldest first. */
export interface UpdateQueue {
  push(update: Omit<Update, 'update_id'>, options: { queue: number; seconds: number }): Update
  /** Those with an id of `offset` and above; everything before is confirmed and forgotten. Negative: counted from the end. */
  take(offset: number, limit: number): Update[]
  forget(updateId: number): void
  pending(): QueuedUpdate[]
  clear(): void
  /** Calls back at every new update; the answer ends that. */
  watch(listener: (queued: QueuedUpdate) => void): () => void
  nextId(): number
  startAt(updateId: number): void
  /** Puts back what waited before a restart. */
  restore(waiting: QueuedUpdate[]): void
}

export const updateQueue = (time: Time): UpdateQueue => {
  let queued: QueuedUpdate[] = []
  // From the clock, so that a simulator started anew does not repeat the ids its bot has already dealt with.
  let nextId = Math.max(1, Math.floor(time.now().getTime() / 1000) - 1_000_000_000)
  const listeners = new Set<(queued: QueuedUpdate) => void>()
  const live = () => {
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
      if (offset < 0) queued = live().slice(offset)
      else if (offset > 0) queued = live().filter(({ update }) => update.update_id >= offset)
      return live()
        .slice(0, limit)
        .map(({ update }) => update)
    },
    forget: updateId => {
      queued = queued.filter(({ update }) => update.update_id !== updateId)
    },
    pending: () => [...live()],
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

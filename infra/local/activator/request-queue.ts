import type { Slot, Unavailable } from './slot.ts'

interface WaitingRequest {
  resolve(slot: Slot): void
  reject(error: unknown): void
}

/**
 * Requests that wait for a slot, in the order of their arrival. `replicaFor` chooses the process that gives the slot.
 */
export class RequestQueue {
  readonly #waiting: WaitingRequest[] = []

  get length(): number {
    return this.#waiting.length
  }

  /** Resolves with the slot that the request gets; rejects with the reason of `signal` when `signal` is aborted. */
  wait(signal?: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(request), 1)
        reject(signal!.reason)
      }
      const request: WaitingRequest = {
        resolve: slot => {
          signal?.removeEventListener('abort', onAbort)
          resolve(slot)
        },
        reject: error => {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(request)
    })
  }

  /** Gives a slot to the request that has waited longest. */
  serve(slot: Slot): void {
    this.#waiting.shift()!.resolve(slot)
  }

  refuseAll(error: Unavailable): void {
    for (const request of this.#waiting.splice(0)) request.reject(error)
  }
}

import type { FunctionProcess } from './function-process.ts'

/** Room for one request in a process of a function. */
export interface Slot {
  process: FunctionProcess
  /**
   * Gives the slot back. Must be called once: when the response is complete, or when the caller no longer waits for it.
   */
  release(): void
}

/**
 * The error of a function that cannot accept a request now. The client gets 503 and may retry after `retryAfterS`
 * seconds.
 */
export class Unavailable extends Error {
  override name = 'Unavailable'
  readonly status = 503
  readonly retryAfterS: number
  constructor(message: string, retryAfterS: number) {
    super(message)
    this.retryAfterS = retryAfterS
  }
}

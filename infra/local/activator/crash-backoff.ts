/** A failed start no longer counts as a fault this long after its pause, if no process was started meanwhile. */
const faultMs = 60_000

/**
 * The pause before the next start after `failures` in a row: half a second, doubled each time, at most half a minute.
 */
const backoffMs = (failures: number): number => Math.min(500 * 2 ** (failures - 1), 30_000)

/** When the next process of a function may be started after processes that failed. */
export class CrashBackoff {
  /** Failures in a row. */
  #failures = 0
  /** `performance.now()` before which nothing is started. */
  #notBefore = 0
  #message = ''
  #startFailed = false
  #isCrashed = false

  /** The last process ended by itself before it had worked for some seconds. */
  get isCrashed(): boolean {
    return this.#isCrashed
  }

  /** The first line of the last failure. */
  get reason(): string {
    return this.#message.split('\n')[0]!
  }

  /** Milliseconds until the next start is allowed; 0 or less: now. */
  get remainingMs(): number {
    return this.#notBefore - performance.now()
  }

  /** The last start failed, and that was not long ago. */
  get cannotStart(): boolean {
    return this.#startFailed && performance.now() < this.#notBefore + faultMs
  }

  /** A process is ready. */
  started(): void {
    this.#startFailed = false
  }

  /** A process was drained after it had been ready. */
  worked(): void {
    this.#failures = 0
    this.#isCrashed = false
  }

  startFailed(message: string): number {
    this.#startFailed = true
    return this.#failed(message, false)
  }

  /**
   * Gives the pause before the next start. A process that had worked may have met one bad request: it gets no pause.
   */
  crashed(message: string, hasWorked: boolean): number {
    if (hasWorked) this.#failures = 0
    return this.#failed(message, hasWorked)
  }

  /** The next start is allowed now, and earlier failures are forgotten. */
  reset(): void {
    this.worked()
    this.#startFailed = false
    this.#notBefore = 0
  }

  #failed(message: string, hasWorked: boolean): number {
    this.#failures++
    this.#isCrashed = !hasWorked
    this.#message = message
    const pauseMs = hasWorked ? 0 : backoffMs(this.#failures)
    this.#notBefore = performance.now() + pauseMs
    return pauseMs
  }
}

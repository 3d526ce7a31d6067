/**
 * After a failed start there is a pause. The failure is reported as a fault until `faultMs` after the end of the pause,
 * or until a process is ready.
 */
const faultMs = 60_000

/**
 * The pause before the next start after `failures` failures in a row: half a second, doubled each time, at most half a
 * minute.
 */
const backoffMs = (failures: number): number => Math.min(500 * 2 ** (failures - 1), 30_000)

/** Decides when the next process of a function may be started after failures. */
export class CrashBackoff {
  /** How many failures there were in a row. */
  #failures = 0
  /** The time, by `performance.now()`, before which no process is started. */
  #notBefore = 0
  #message = ''
  #startFailed = false
  #isCrashed = false

  /** Whether the last process failed to start, or ended by itself within seconds after it was ready. */
  get isCrashed(): boolean {
    return this.#isCrashed
  }

  /** The first line of the last failure's message. */
  get reason(): string {
    return this.#message.split('\n')[0]!
  }

  /** Milliseconds until the next start is allowed; 0 or less if it is allowed now. */
  get remainingMs(): number {
    return this.#notBefore - performance.now()
  }

  /** Whether the last start failed a short time ago. */
  get cannotStart(): boolean {
    return this.#startFailed && performance.now() < this.#notBefore + faultMs
  }

  /** Must be called when a process is ready. */
  started(): void {
    this.#startFailed = false
  }

  /** Must be called when a process has been drained after it had been ready. */
  worked(): void {
    this.#failures = 0
    this.#isCrashed = false
  }

  startFailed(message: string): number {
    this.#startFailed = true
    return this.#failed(message, false)
  }

  /**
   * Records a crash and returns the pause before the next start in milliseconds. The pause is 0 if the process had
   * worked for some time, because a single bad request may have caused the crash.
   */
  crashed(message: string, hasWorked: boolean): number {
    if (hasWorked) this.#failures = 0
    return this.#failed(message, hasWorked)
  }

  /** Forgets earlier failures and allows the next start at once. */
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

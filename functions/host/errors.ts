/** A repeat of the event cannot help: 422, and the event goes to the dead letters at once. */
export class Permanent extends Error {
  override name = 'Permanent'
}

/**
 * Another worker handled the event first, or is handling it now: 409, and the event comes again after the Trigger's
 * backoff.
 */
export class Conflict extends Error {
  override name = 'Conflict'
}

/**
 * The event should come again, not before `seconds`: 503 with Retry-After. A broker that ignores Retry-After uses its
 * own backoff.
 */
export class RetryLater extends Error {
  override name = 'RetryLater'
  readonly seconds: number

  constructor(message: string, seconds: number, options?: ErrorOptions) {
    super(message, options)
    this.seconds = Math.max(1, Math.ceil(seconds))
  }
}

/** The request is not a readable CloudEvent: 400. Only the host throws it. */
export class Malformed extends Error {
  override name = 'Malformed'
}

/** Turns a thrown value into an Error, because JavaScript can throw any value. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

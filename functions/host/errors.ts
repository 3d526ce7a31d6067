/**
 * A failure that occurs again if the event is repeated. The response is 422, and the event goes to the dead letters at
 * once.
 */
export class Permanent extends Error {
  override name = 'Permanent'
}

/**
 * A failure because another worker has handled the event, or is handling it. The response is 409, and the broker
 * delivers the event again after the Trigger's backoff.
 */
export class Conflict extends Error {
  override name = 'Conflict'
}

/**
 * A failure after which the event should be delivered again, but not before `seconds` have passed. The response is 503
 * with Retry-After. A broker that ignores Retry-After uses its own backoff.
 */
export class RetryLater extends Error {
  override name = 'RetryLater'
  readonly seconds: number

  constructor(message: string, seconds: number, options?: ErrorOptions) {
    super(message, options)
    this.seconds = Math.max(1, Math.ceil(seconds))
  }
}

/**
 * A failure because the request is not a readable CloudEvent. The response is 400. Only the host throws this error.
 */
export class Malformed extends Error {
  override name = 'Malformed'
}

/** Turns a thrown value into an Error, because JavaScript can throw any value. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

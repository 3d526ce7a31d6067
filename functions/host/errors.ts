/** Coming again cannot help: 422, the event goes straight to the dead letters. */
export class Permanent extends Error {
  override name = 'Permanent'
}

/** Somebody else was first, or is at it now: 409, the event comes again after the Trigger's backoff. */
export class Conflict extends Error {
  override name = 'Conflict'
}

/** Come again, not before `seconds`: 503 with Retry-After. A broker that ignores the header comes by its own backoff. */
export class RetryLater extends Error {
  override name = 'RetryLater'
  readonly seconds: number

  constructor(message: string, seconds: number, options?: ErrorOptions) {
    super(message, options)
    this.seconds = Math.max(1, Math.ceil(seconds))
  }
}

/** The request is no event that can be read: 400. Thrown by the host only. */
export class Malformed extends Error {
  override name = 'Malformed'
}

/** What was thrown, as an Error: JavaScript lets anything be thrown. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

/**
 * TVmaze cannot be reached, or its response is an error or has the wrong format (403, 429, 5xx, HTML with status 200).
 * A later request may succeed.
 */
export class TvmazeUnavailable extends Error {
  override readonly name = 'TvmazeUnavailable'
  /** HTTP status; null if there was no response. */
  readonly status: number | null
  readonly retryAfterS: number | null
  constructor(reason: string, status: number | null = null, retryAfterS: number | null = null) {
    super(`TVmaze: ${reason}`)
    this.status = status
    this.retryAfterS = retryAfterS
  }
}

/**
 * TVmaze itself answers that it does not have the show. The show was deleted, or merged into another one without a
 * redirect.
 */
export class ShowGone extends Error {
  override readonly name = 'ShowGone'
  readonly showId: number
  constructor(showId: number) {
    super(`TVmaze has no show ${showId}`)
    this.showId = showId
  }
}

/**
 * TVmaze's response for this one show is not usable (a redirect loop, or status 200 without a show). Another request on
 * the same day would not help.
 */
export class ShowUnreadable extends TvmazeUnavailable {
  constructor(showId: number, reason: string, status: number | null = null) {
    super(`show ${showId}: ${reason}`, status)
  }
}

/**
 * The limit of calls to TVmaze is reached, and the caller would have to wait longer than it may.
 */
export class TvmazeBusy extends TvmazeUnavailable {
  constructor(waitMs: number) {
    super(
      `the limit of calls is reached; the next call is allowed in ${Math.ceil(waitMs / 1000)} s`,
      429,
      Math.ceil(waitMs / 1000),
    )
  }
}

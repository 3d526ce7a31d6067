import type { DeliverySpec } from '#local/manifests/model.ts'

/** What came of one attempt to hand an event over. */
export type Outcome =
  /** 2xx with nothing in it, or with an event that went back into the broker. */
  | { kind: 'taken'; status: number }
  /** Any other status; `body` is its beginning. */
  | { kind: 'status'; status: number; body: Buffer }
  /** 2xx with something in it that is no event. */
  | { kind: 'nonsense'; status: number; why: string }
  /** 2xx with an event that the broker's own door refuses: invalid, or its hops are used up. */
  | { kind: 'refused reply'; status: number; why: string }
  /** No connection, or one that ended before the answer. */
  | { kind: 'unreachable'; why: string }
  /** Slower than the Trigger's `timeout`. */
  | { kind: 'timeout'; afterMs: number }

/** Why an event goes to the dead letter sink: the knativeerror extensions, all or none. */
export interface Letter {
  /** Who failed. */
  dest?: string
  code?: string
  /** Base64 of the beginning of the last answer's body; '' where it had none. */
  data?: string
}

export type Verdict =
  | { next: 'done' }
  | { next: 'again'; afterMs: number }
  /** No more attempts: to the dead letter sink, or nowhere. */
  | { next: 'letter'; letter: Letter }

export interface Attempted {
  outcome: Outcome
  /** How many attempts there were, this one included. */
  attempts: number
  delivery: Pick<DeliverySpec, 'retry' | 'backoffPolicy' | 'backoffDelayMs'>
  /** URL of who was tried, and of the broker's door. */
  dest: string
  door: string
}

/** Knative's dispatcher ends its process on a longer body; a shorter one it encodes whole. */
export const mostErrorData = 768

/**
 * What to do after an attempt: reference/knative-measured.md 3, 5 and 6. One difference on purpose: Knative follows 301 and 302
 * with a GET that has lost the event, and calls that delivered; here every redirect is a dead letter with its code.
 */
export const afterAttempt = ({ outcome, attempts, delivery, dest, door }: Attempted): Verdict => {
  if (outcome.kind === 'taken') return { next: 'done' }
  if (mayRetry(outcome) && attempts <= delivery.retry)
    return { next: 'again', afterMs: pauseMs(delivery, attempts - 1) }
  return { next: 'letter', letter: letterFor(outcome, dest, door) }
}

const mayRetry = (outcome: Exclude<Outcome, { kind: 'taken' }>): boolean => {
  switch (outcome.kind) {
    case 'status':
      return retriedStatus(outcome.status)
    case 'nonsense':
    case 'unreachable':
    case 'timeout':
      return true
    case 'refused reply':
      return false
    default:
      return outcome satisfies never
  }
}

const retriedStatus = (status: number): boolean =>
  status === 404 || status === 408 || status === 409 || status === 429 || status >= 500

/** A year: PostgreSQL's calendar ends, and `delay · 2^i` does not. */
const longestPauseMs = 365 * 24 * 3_600_000

/** The pause before retry `i`, which counts from 0: so the first linear one is immediate. */
const pauseMs = ({ backoffPolicy, backoffDelayMs }: Attempted['delivery'], i: number): number =>
  Math.min(backoffPolicy === 'linear' ? backoffDelayMs * i : backoffDelayMs * 2 ** i, longestPauseMs)

const letterFor = (outcome: Exclude<Outcome, { kind: 'taken' }>, dest: string, door: string): Letter => {
  switch (outcome.kind) {
    case 'status':
      return outcome.status === 304 ? {} : { dest, code: String(outcome.status), data: base64(outcome.body) }
    case 'unreachable':
      return { dest, code: '500', data: base64(Buffer.from(`dispatch error: Post "${dest}": ${outcome.why}`)) }
    case 'refused reply':
      return { dest: door, code: '400', data: '' }
    case 'nonsense':
    case 'timeout':
      return {}
    default:
      return outcome satisfies never
  }
}

const base64 = (body: Buffer): string => body.subarray(0, mostErrorData).toString('base64')

/** An outcome as the log of attempts keeps it: `error` is null for what went well, else some words. */
export const noted = (outcome: Outcome): { status: number | null; error: string | null } => {
  switch (outcome.kind) {
    case 'taken':
      return { status: outcome.status, error: null }
    case 'status':
      return { status: outcome.status, error: words(outcome.body.toString()) || `answered ${outcome.status}` }
    case 'nonsense':
    case 'refused reply':
      return { status: outcome.status, error: words(outcome.why) }
    case 'unreachable':
      return { status: null, error: words(outcome.why) }
    case 'timeout':
      return { status: null, error: `no answer within ${outcome.afterMs} ms` }
    default:
      return outcome satisfies never
  }
}

// PostgreSQL's text has no NUL.
const words = (text: string): string => text.replaceAll('\0', '').trim().slice(0, 500)

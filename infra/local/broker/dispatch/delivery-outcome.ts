import type { DeliverySpec } from '#local/manifests/model.ts'
import type { DeadLetterInfo } from '../event/dead-letter-info.ts'

/** The outcome of one attempt to deliver an event. */
export type DeliveryOutcome =
  /** 2xx with an empty body, or with an event that is published as a reply. */
  | { kind: 'success'; status: number }
  /** Any other status; `body` is the beginning of the response body. */
  | { kind: 'status'; status: number; body: Buffer }
  /** 2xx with a body that is not a CloudEvent. */
  | { kind: 'invalid reply'; status: number; why: string }
  /** 2xx with a CloudEvent that the broker's ingress refuses: an attribute is invalid, or no hops are left. */
  | { kind: 'refused reply'; status: number; why: string }
  /** No connection was opened, or it ended before the response. */
  | { kind: 'unreachable'; why: string }
  /** No response within the Trigger's `timeout`. */
  | { kind: 'timeout'; afterMs: number }

type FailedOutcome = Exclude<DeliveryOutcome, { kind: 'success' }>

/** What to do after an attempt. */
export type NextStep =
  | { next: 'done' }
  | { next: 'retry'; afterMs: number }
  /** No more attempts: the event goes to the dead letter sink, or is dropped when there is no sink. */
  | { next: 'dead letter'; deadLetter: DeadLetterInfo }

export interface AttemptMade {
  outcome: DeliveryOutcome
  /** How many attempts were made, this one included. */
  attempts: number
  delivery: Pick<DeliverySpec, 'retry' | 'backoffPolicy' | 'backoffDelayMs'>
  /** URL of the subscriber or the sink. */
  destination: string
  /** URL of the broker's ingress. */
  ingressUrl: string
}

/** How many bytes of a response body a dead letter contains. Knative's dispatcher crashes when a body is longer. */
export const maxErrorDataBytes = 768

/**
 * The next step after an attempt, by the rules measured on Knative's dispatcher. One difference is deliberate: Knative
 * follows 301 and 302 with a GET that does not contain the event, and counts the event as delivered. This broker makes
 * a dead letter of every redirect, with its status as the code.
 */
export const nextStep = ({ outcome, attempts, delivery, destination, ingressUrl }: AttemptMade): NextStep => {
  if (outcome.kind === 'success') return { next: 'done' }
  if (isRetried(outcome) && attempts <= delivery.retry)
    return { next: 'retry', afterMs: backoffMs(delivery, attempts - 1) }
  return { next: 'dead letter', deadLetter: deadLetterInfo(outcome, destination, ingressUrl) }
}

const isRetried = (outcome: FailedOutcome): boolean => {
  switch (outcome.kind) {
    case 'status':
      return isRetriedStatus(outcome.status)
    case 'invalid reply':
    case 'unreachable':
    case 'timeout':
      return true
    case 'refused reply':
      return false
    default:
      return outcome satisfies never
  }
}

const isRetriedStatus = (status: number): boolean =>
  status === 404 || status === 408 || status === 409 || status === 429 || status >= 500

/** The longest pause, a year. Without it `delay · 2^i` could exceed the range of PostgreSQL's timestamps. */
const maxBackoffMs = 365 * 24 * 3_600_000

/**
 * The pause before a retry. `retryIndex` of the first retry is 0. So with the linear policy there is no pause before
 * the first retry, as on Knative.
 */
const backoffMs = ({ backoffPolicy, backoffDelayMs }: AttemptMade['delivery'], retryIndex: number): number =>
  Math.min(backoffPolicy === 'linear' ? backoffDelayMs * retryIndex : backoffDelayMs * 2 ** retryIndex, maxBackoffMs)

const deadLetterInfo = (outcome: FailedOutcome, dest: string, ingressUrl: string): DeadLetterInfo => {
  switch (outcome.kind) {
    case 'status':
      return outcome.status === 304 ? {} : { dest, code: String(outcome.status), data: base64(outcome.body) }
    case 'unreachable':
      return { dest, code: '500', data: base64(Buffer.from(`dispatch error: Post "${dest}": ${outcome.why}`)) }
    case 'refused reply':
      return { dest: ingressUrl, code: '400', data: '' }
    case 'invalid reply':
    case 'timeout':
      return {}
    default:
      return outcome satisfies never
  }
}

const base64 = (body: Buffer): string => body.subarray(0, maxErrorDataBytes).toString('base64')

/** The outcome as the table of attempts stores it. `error` is null after a success, else at most 500 characters. */
export const recordedOutcome = (outcome: DeliveryOutcome): { status: number | null; error: string | null } => {
  switch (outcome.kind) {
    case 'success':
      return { status: outcome.status, error: null }
    case 'status':
      return { status: outcome.status, error: errorText(outcome.body.toString()) || `answered ${outcome.status}` }
    case 'invalid reply':
    case 'refused reply':
      return { status: outcome.status, error: errorText(outcome.why) }
    case 'unreachable':
      return { status: null, error: errorText(outcome.why) }
    case 'timeout':
      return { status: null, error: `no answer within ${outcome.afterMs} ms` }
    default:
      return outcome satisfies never
  }
}

// PostgreSQL's type text cannot hold a NUL character.
const errorText = (text: string): string => text.replaceAll('\0', '').trim().slice(0, 500)

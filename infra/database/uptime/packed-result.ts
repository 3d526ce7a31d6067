import type { ProbeErrorCode } from '#events/probe-error.ts'

/*
 * How `probe_slot` keeps a result in few bytes: numbers of two bytes, none of them null, because a null would cost each
 * row eight bytes.
 */

/** The numbers of the error codes in `probe_slot.outcome`. They are stored, so a number never changes its meaning. */
export const errorNumbers = {
  'not-checked': 1,
  timeout: 2,
  refused: 3,
  reset: 4,
  dns: 5,
  unreachable: 6,
  tls: 7,
  'tls-expired': 8,
  'tls-wrong-host': 9,
  'tls-incomplete': 10,
  'tls-untrusted': 11,
  'tls-weak': 12,
  'tls-client-certificate': 13,
  status: 14,
  keyword: 15,
  json: 16,
  'body-too-large': 17,
  reply: 18,
  starttls: 19,
  'dns-answer': 20,
  'not-serving': 21,
  'ping-unavailable': 22,
  protocol: 23,
  'too-large': 24,
  'too-many-redirects': 25,
  'bad-redirect': 26,
  'private-address': 27,
  'blocked-port': 28,
  'missing-port': 29,
  'bad-url': 30,
  'bad-scheme': 31,
  credentials: 32,
  'no-ping': 33,
  'run-overdue': 34,
  'job-failed': 35,
  'no-ipv4': 36,
  'no-ipv6': 37,
  'https-to-http': 38,
} as const satisfies Record<ProbeErrorCode, number>

const errorsByNumber = new Map<number, string>(Object.entries(errorNumbers).map(([code, number]) => [number, code]))
const numbersByError = new Map<string, number>(Object.entries(errorNumbers))

/** The attempts have this part of `outcome`; more attempts count as the largest number. */
const attemptNumbers = 32
const none = -1
const smallest = -32_768
const largest = 32_767

/** The conclusion of a check with its error code and the number of its attempts. */
export interface Outcome {
  ok: boolean | null
  error: string | null
  attempts: number
}

/** 32 · the number of the error + the attempts; the error of a good check has the number 0. Negative: unknown. */
export const packOutcome = ({ ok, error, attempts }: Outcome): number => {
  const some = Math.max(0, Math.min(attemptNumbers - 1, attempts))
  if (ok === true) return some
  const number = numbersByError.get(error ?? '') ?? errorNumbers['not-checked']
  return (ok === null ? -1 : 1) * (number * attemptNumbers + some)
}

export const unpackOutcome = (outcome: number): Outcome => {
  const number = Math.floor(Math.abs(outcome) / attemptNumbers)
  return {
    ok: outcome < 0 ? null : number === 0,
    // A newer release may know more errors.
    error: number === 0 ? null : (errorsByNumber.get(number) ?? 'not-checked'),
    attempts: Math.abs(outcome) % attemptNumbers,
  }
}

/**
 * A number of small units that fits into two bytes, or else the negative number of large units. Null is -1, which no
 * number of large units is.
 */
const pack = (ms: number | null, smallMs: number, largeMs: number): number => {
  if (ms === null) return none
  const small = Math.round(ms / smallMs)
  return small <= largest ? Math.max(0, small) : Math.max(smallest, -Math.round(ms / largeMs))
}

/** The duration of a phase: tenths of a millisecond up to 3.2 s, then milliseconds up to 32.7 s. */
export const packMs = (ms: number | null): number => pack(ms, 0.1, 1)

export const unpackMs = (packed: number): number | null =>
  packed === none ? null : packed >= 0 ? packed / 10 : -packed

/** How late a check began: milliseconds up to 32.7 s, then seconds up to nine hours. Null: it did not begin. */
export const packLateness = (dueAt: Date, startedAt: Date | null): number =>
  pack(startedAt && startedAt.getTime() - dueAt.getTime(), 1, 1_000)

export const unpackStart = (dueAt: Date, late: number): Date | null =>
  late === none ? null : new Date(dueAt.getTime() + (late >= 0 ? late : -late * 1_000))

/** SQL conditions on a row of `probe_slot`. */
export const isOk = `(outcome between 0 and ${attemptNumbers - 1})`
export const isFailed = `(outcome >= ${attemptNumbers})`
export const isUnknown = '(outcome < 0)'
export const hasStarted = `(late <> ${none})`

/** SQL: the milliseconds of a packed phase; null if there are none. */
export const msOf = (column: string) =>
  `(case when ${column} >= 0 then ${column} / 10::float8 when ${column} < ${none} then -${column}::float8 end)`

/** SQL: how late the check began, in seconds; null if it did not begin. */
export const latenessS = `(case when late >= 0 then late / 1000::float8 when late < ${none} then -late::float8 end)`

import pLimit from 'p-limit'
import type { ProbeResult } from '#database/uptime/probe-results.ts'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { type Check, defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'
import type { CheckJob, RunAttempt } from '#functions/checks/check-type.ts'
import { checkTypes } from '#functions/checks/check-types.ts'
import { settingsFault } from '#functions/checks/settings.ts'
import type { Dialler, DialResult } from '#functions/dial/dial.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Connectivity } from './connectivity.ts'
import type { Sleep } from './sleep.ts'

/** The outcome of a check: the result to store, and whether it is a failure that every further attempt confirmed. */
export interface CheckOutcome {
  result: ProbeResult
  /**
   * Only a confirmed failure takes a monitor down, and only a confirmed success brings it up again: as many attempts in
   * a row had this result as the monitor has confirmations or recoveries.
   */
  confirmed: boolean
}

export type RunCheck = (check: CheckJob) => Promise<CheckOutcome>

export interface CheckDependencies {
  dialler: Dialler
  connectivity: Connectivity
  clock: Clock
  sleep: Sleep
}

/**
 * The pauses before the second and the third attempt. Further attempts have the last pause. A failure is confirmed when
 * all attempts fail.
 */
const pausesMs = [1_000, 2_000]
const pauseMsBefore = (attempt: number) => pausesMs[Math.min(attempt, pausesMs.length) - 1]!

/**
 * The time limit for all attempts of a check. Knative ends a request 300 s after its start, and the request may start
 * 22 s before the check is due.
 */
const maxCheckMs = 250_000

/** Errors of the URL itself, and of this machine. A further attempt would give the same error. */
const permanentErrors: ReadonlySet<ProbeErrorCode> = new Set([
  'ping-unavailable',
  'bad-url',
  'bad-scheme',
  'credentials',
  'missing-port',
  'blocked-port',
])

/**
 * Runs a check. After a failure it tries again, until an attempt succeeds or the number of failures reaches the
 * confirmations of the monitor (three by default). Each attempt begins at the next address of the host. A monitor that
 * was down when the slot was planned gets no second attempt at the same address, because a further failure changes
 * nothing. It gets one attempt at each address that accepts connections, up to the same number of attempts, because one
 * address that works is enough for the monitor to be up. That address is then tried again, until as many attempts in a
 * row have succeeded as the monitor has recoveries (two by default).
 */
export const checkRunner =
  ({ dialler, connectivity, clock, sleep }: CheckDependencies): RunCheck =>
  async check => {
    const attempt = attemptFor(check)
    if (attempt === undefined) return missedSlot(check)
    const startedAt = clock()
    const startedMs = performance.now()
    const { confirmations = defaultConfirmations, recoveries = defaultRecoveries } = check
    const maxAttempts = attemptsWithin(maxCheckMs, check.timeoutMs, confirmations)
    const run = async (attemptIndex: number) => {
      const dialled = await attempt(dialler, check, attemptIndex)
      connectivity.record(dialled)
      return dialled
    }

    let dialled = await run(0)
    let attempts = 1
    while (attempts < maxAttempts && mayRecover(dialled)) {
      if (!check.down) await sleep(pauseMsBefore(attempts))
      else if (!hasOtherAddresses(dialled, attempts)) break
      dialled = await run(attempts)
      attempts++
    }
    const address = attempts - 1
    let successes = dialled.error === null ? 1 : 0
    const maxSuccesses = check.down
      ? attemptsWithin(maxCheckMs - attempts * check.timeoutMs, check.timeoutMs, recoveries)
      : 1
    while (dialled.error === null && successes < maxSuccesses) {
      await sleep(pauseMsBefore(successes))
      dialled = await run(address)
      attempts++
      successes++
    }

    const { error } = dialled
    if (error === null) {
      const result = resultOf(check, startedAt, attempts, dialled, true)
      return { result, confirmed: check.down === true || recoveries === 1 }
    }
    const isConfirmed = permanentErrors.has(error) || (!check.down && attempts === maxAttempts)
    const isConclusive = await connectivity.isSiteFault(dialled, startedMs)
    return {
      result: resultOf(check, startedAt, attempts, dialled, isConclusive),
      confirmed: isConfirmed && isConclusive,
    }
  }

/** Runs at most `maxRunning` checks at the same time. Further checks wait in the order in which they came. */
export const limitChecks = (run: RunCheck, maxRunning: number): RunCheck => {
  const limit = pLimit(maxRunning)
  return check => limit(run, check)
}

/**
 * The attempts of a kind of check. Undefined if this version does not know the kind, or cannot read the settings. The
 * settings were validated before they were stored, so they come from another version.
 */
const attemptFor = ({ kind, settings }: Check): RunAttempt | undefined =>
  settings === undefined || settingsFault(kind, settings) === null ? checkTypes[kind] : undefined

/** How many attempts with this timeout, and the pauses between them, fit into `limitMs`: from 1 to `wanted`. */
const attemptsWithin = (limitMs: number, timeoutMs: number, wanted: number): number => {
  let totalMs = timeoutMs
  let attempts = 1
  while (attempts < wanted) {
    totalMs += pauseMsBefore(attempts) + timeoutMs
    if (totalMs > limitMs) break
    attempts++
  }
  return attempts
}

const mayRecover = ({ error }: DialResult) => error !== null && !permanentErrors.has(error)

/**
 * Whether another attempt would use another address. If no address accepted a connection, the attempt has already tried
 * all of them.
 */
const hasOtherAddresses = ({ contact, error, addresses = 1 }: DialResult, attempts: number) =>
  contact && error !== 'refused' && attempts < addresses

const resultOf = (
  check: Check,
  startedAt: Date,
  attempts: number,
  dialled: DialResult,
  isConclusive: boolean,
): ProbeResult => ({
  monitorId: check.monitorId,
  dueAt: new Date(check.dueAt),
  startedAt,
  ok: isConclusive ? dialled.error === null : null,
  status: dialled.status,
  error: isConclusive || isOwnFault(dialled) ? dialled.error : 'not-checked',
  attempts,
  dnsMs: toTenths(dialled.dnsMs),
  connectMs: toTenths(dialled.connectMs),
  tlsMs: toTenths(dialled.tlsMs),
  firstByteMs: toTenths(dialled.firstByteMs),
  totalMs: toTenths(dialled.totalMs),
  ...(dialled.error === null && dialled.warning !== undefined && { warning: dialled.warning }),
  ...(dialled.certificateExpiresAt !== undefined && { certificateExpiresAt: dialled.certificateExpiresAt }),
  ...(dialled.certificateDays !== undefined && { certificateDays: dialled.certificateDays }),
  ...(dialled.detail !== undefined && { detail: dialled.detail }),
})

/** Whether the error says why we could not check. */
const isOwnFault = ({ error }: DialResult) => error === 'ping-unavailable'

/** Rounds to 0.1 ms, because the times of a network vary by more than that. */
const toTenths = <T extends number | null>(ms: T): T => (ms === null ? ms : Math.round(ms * 10) / 10) as T

/** The outcome of a slot that was not checked. */
export const missedSlot = (check: Check): CheckOutcome => ({
  result: {
    monitorId: check.monitorId,
    dueAt: new Date(check.dueAt),
    startedAt: null,
    ok: null,
    status: null,
    error: 'not-checked',
    attempts: 0,
    dnsMs: null,
    connectMs: null,
    tlsMs: null,
    firstByteMs: null,
    totalMs: null,
  },
  confirmed: false,
})

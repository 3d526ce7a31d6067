import type { Check } from '#events/probe-requested.ts'
import type { Dialler, DialResult } from '#functions/dial/dial.ts'

/** The passwords and tokens of a monitor, by name. */
export type Secrets = Readonly<Record<string, string>>

/** A check with the secrets of its monitor. The prober reads them from PostgreSQL, because events carry no secrets. */
export interface CheckJob extends Check {
  secrets?: Secrets
}

/**
 * One attempt of a check. A failure is a result; nothing is thrown. If the host has several addresses, attempt 1 begins
 * with the second address.
 */
export type RunAttempt = (dialler: Dialler, check: CheckJob, attemptIndex: number) => Promise<DialResult>

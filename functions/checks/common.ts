import Type, { type Static } from 'typebox'
import { graverWarning } from '#events/probe-error.ts'
import type { Check } from '#events/probe-requested.ts'
import type { DialOptions, DialResult, Family } from '#functions/dial/dial.ts'
import type { TlsOptions } from '#functions/dial/tls.ts'
import type { Secrets } from './check-type.ts'

/** The response time limit. A check that takes longer is degraded. */
export const slowMs = Type.Optional(Type.Integer({ minimum: 1, maximum: 120_000 }))

/** The settings of every kind that connects to the host of its URL: all kinds except `dns`. */
export const commonSettings = {
  slowMs,
  /** Only addresses of this family are dialled. By default IPv4 comes first. */
  family: Type.Optional(Type.Union([Type.Literal('ipv4'), Type.Literal('ipv6')])),
}

/** What the dialler needs to know about an attempt of a check. */
export const dialOptionsOf = ({ timeoutMs, settings }: Check, attemptIndex: number): DialOptions => {
  const { family } = (settings ?? {}) as { family?: Family }
  return { timeoutMs, attemptIndex, ...(family !== undefined && { family }) }
}

/** The settings of the kinds that use TLS. */
export const tlsSettings = {
  /**
   * Which certificates are accepted, if not those of the usual authorities. `own-ca`: those of the authority in the
   * secret `ca` (PEM). `any`: all, which messages state.
   */
  certificate: Type.Optional(Type.Union([Type.Literal('own-ca'), Type.Literal('any')])),
  /** The days before the expiry of a certificate at which people are warned first. */
  certificateDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365 })),
}
const TlsSettings = Type.Object(tlsSettings)
export type TlsSettings = Static<typeof TlsSettings>

export const tlsOptionsOf = ({ certificate, certificateDays }: TlsSettings, secrets: Secrets = {}): TlsOptions => ({
  ...(certificate === 'own-ca' && { ca: secrets.ca ?? '' }),
  ...(certificate === 'any' && { anyCertificate: true }),
  ...(certificateDays !== undefined && { reportsExpiry: true }),
})

/** The days before the expiry of a certificate at which people are warned, once each. */
export const certificateWarningDays = [30, 14, 7, 1] as const

const dayMs = 86_400_000

/**
 * The smallest of the days of a warning within which the certificate expires; null if it expires later. The first
 * warning is at `firstDays`, the others are at those of `certificateWarningDays` that come after it.
 */
export const certificateDaysAt = (
  expiresAt: Date,
  now: Date,
  firstDays: number = certificateWarningDays[0],
): number | null =>
  [firstDays, ...certificateWarningDays.filter(days => days < firstDays)].findLast(
    days => expiresAt.getTime() - now.getTime() <= days * dayMs,
  ) ?? null

/** Adds the warning that a check was slow, or that its certificate expires soon. */
export const withWarnings = (
  dialled: DialResult,
  { dueAt }: Pick<Check, 'dueAt'>,
  { slowMs, certificateDays }: { slowMs?: number; certificateDays?: number },
): DialResult => {
  let { warning } = dialled
  const { certificateExpiresAt, totalMs } = dialled
  if (slowMs !== undefined && totalMs > slowMs) warning = graverWarning('slow', warning)
  if (
    certificateExpiresAt !== undefined &&
    certificateDaysAt(certificateExpiresAt, new Date(dueAt), certificateDays) !== null
  )
    warning = graverWarning('certificate-expiring', warning)
  return {
    ...dialled,
    ...(warning !== undefined && { warning }),
    ...(certificateDays !== undefined && { certificateDays }),
  }
}

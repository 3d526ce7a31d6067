import Type, { type Static } from 'typebox'
import { graverWarning } from '#events/probe-error.ts'
import type { Check } from '#events/probe-requested.ts'
import type { DialResult } from '#functions/dial/dial.ts'
import type { TlsOptions } from '#functions/dial/tls.ts'
import type { Secrets } from './check-type.ts'

/** The response time limit. A check that takes longer is degraded. */
export const slowMs = Type.Optional(Type.Integer({ minimum: 1, maximum: 120_000 }))

/** The settings of the kinds that use TLS. */
export const tlsSettings = {
  /**
   * Which certificates are accepted, if not those of the usual authorities. `own-ca`: those of the authority in the
   * secret `ca` (PEM). `any`: all, which messages state.
   */
  certificate: Type.Optional(Type.Union([Type.Literal('own-ca'), Type.Literal('any')])),
  /** The check is degraded if a certificate of the chain expires within this many days. */
  certificateDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365 })),
}
const TlsSettings = Type.Object(tlsSettings)
export type TlsSettings = Static<typeof TlsSettings>

export const tlsOptionsOf = ({ certificate, certificateDays }: TlsSettings, secrets: Secrets = {}): TlsOptions => ({
  ...(certificate === 'own-ca' && { ca: secrets.ca ?? '' }),
  ...(certificate === 'any' && { anyCertificate: true }),
  ...(certificateDays !== undefined && { reportsExpiry: true }),
})

/** The days before the expiry of a certificate on which a notice is due, once each. */
export const certificateNoticeDays = [30, 14, 7, 1] as const

const dayMs = 86_400_000

/** The full days until a certificate expires; negative after the expiry. */
export const daysUntil = (expiresAt: Date, now: Date): number =>
  Math.floor((expiresAt.getTime() - now.getTime()) / dayMs)

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
    certificateDays !== undefined &&
    certificateExpiresAt !== undefined &&
    daysUntil(certificateExpiresAt, new Date(dueAt)) < certificateDays
  )
    warning = graverWarning('certificate-expiring', warning)
  return warning === undefined ? dialled : { ...dialled, warning }
}

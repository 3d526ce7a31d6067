import type { Monitor } from '#database/uptime/monitors.ts'
import type { ProbeResult } from '#database/uptime/probe-results.ts'
import { certificateDaysAt } from '#functions/checks/common.ts'

/** What a good check says about how well a monitor works. */
export interface Quality {
  /** The response took longer than the limit of the monitor. */
  isSlow: boolean
  totalMs: number | null
  /** When the certificate expires; undefined if the check says nothing about it. */
  certificateExpiresAt?: Date | undefined
  /** The days before the expiry at which people are warned first. */
  firstCertificateDays?: number | undefined
}

/**
 * The quality that a result shows. A check warns of `slow` if the response took longer than the limit of the monitor. A
 * heartbeat is slow if its last run was.
 */
export const qualityOf = ({
  warning,
  slowRunMs,
  totalMs = null,
  certificateExpiresAt,
  certificateDays: firstCertificateDays,
}: Partial<
  Pick<ProbeResult, 'warning' | 'slowRunMs' | 'totalMs' | 'certificateExpiresAt' | 'certificateDays'>
>): Quality => ({
  isSlow: warning === 'slow' || slowRunMs !== undefined,
  totalMs: slowRunMs ?? totalMs,
  certificateExpiresAt,
  firstCertificateDays,
})

type QualityState = Pick<Monitor, 'paceCount' | 'slowSince' | 'slowMs' | 'certificateDays' | 'certificateExpiresAt'>

/**
 * The state after a good check at `at`. A monitor counts as slow after as many slow checks in a row as it has
 * confirmations, and as fast again after as many fast ones as it has recoveries. One run of a heartbeat is enough. Null
 * if nothing changes.
 */
export const afterQuality = (
  monitor: QualityState & Pick<Monitor, 'kind' | 'confirmations' | 'recoveries'>,
  quality: Quality,
  at: Date,
): QualityState | null => {
  const pace = afterPace(monitor, quality, at)
  const certificate = afterCertificate(monitor, quality, at)
  if (pace === null && certificate === null) return null
  const { paceCount, slowSince, slowMs, certificateDays, certificateExpiresAt } = monitor
  return { paceCount, slowSince, slowMs, certificateDays, certificateExpiresAt, ...pace, ...certificate }
}

const afterPace = (
  { kind, paceCount, slowSince, confirmations, recoveries }: Parameters<typeof afterQuality>[0],
  { isSlow, totalMs }: Quality,
  at: Date,
): Pick<QualityState, 'paceCount' | 'slowSince' | 'slowMs'> | Pick<QualityState, 'paceCount'> | null => {
  if (isSlow === (slowSince !== null)) return paceCount === 0 ? null : { paceCount: 0 }
  const count = paceCount + 1
  if (kind !== 'heartbeat' && count < (isSlow ? confirmations : recoveries)) return { paceCount: count }
  return { paceCount: 0, slowSince: isSlow ? at : null, slowMs: isSlow ? totalMs : null }
}

const afterCertificate = (
  { certificateDays }: QualityState,
  { certificateExpiresAt, firstCertificateDays }: Quality,
  at: Date,
): Pick<QualityState, 'certificateDays' | 'certificateExpiresAt'> | null => {
  if (certificateExpiresAt === undefined) return null
  const days = certificateDaysAt(certificateExpiresAt, at, firstCertificateDays)
  return days === certificateDays ? null : { certificateDays: days, certificateExpiresAt }
}

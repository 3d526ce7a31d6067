import type { Monitor } from '#database/uptime/monitors.ts'
import { type Check, defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'

/** A monitor that is checked. A heartbeat is not: its job pings Vigia. */
export type CheckedMonitor = Monitor & { kind: Check['kind'] }

export const isChecked = (monitor: Monitor): monitor is CheckedMonitor => monitor.kind !== 'heartbeat'

/** The part of a monitor that a check needs. */
type Checked = Pick<
  Monitor,
  'id' | 'url' | 'intervalS' | 'timeoutMs' | 'settings' | 'hasSecrets' | 'confirmations' | 'recoveries'
> & { kind: Check['kind']; down?: boolean }

/**
 * The check of a monitor, as an event carries it. Fields with their default values are left out, because one event
 * carries up to 50 checks.
 */
export const checkOf = (
  { id, kind, url, intervalS, timeoutMs, settings, hasSecrets, confirmations, recoveries, down }: Checked,
  dueAt: Date,
): Check => ({
  ...{ monitorId: id, kind, url, intervalS, timeoutMs },
  ...(Object.keys(settings).length > 0 && { settings }),
  ...(hasSecrets && { hasSecrets }),
  ...(confirmations !== defaultConfirmations && { confirmations }),
  ...(recoveries !== defaultRecoveries && { recoveries }),
  dueAt: dueAt.toISOString(),
  ...(down && { down }),
})

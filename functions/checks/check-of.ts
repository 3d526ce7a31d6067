import type { Monitor } from '#database/uptime/monitors.ts'
import { type Check, defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'

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

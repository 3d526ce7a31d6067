import type { Monitor } from '#database/uptime/monitors.ts'
import { defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'

/** The optional fields of a monitor to which no option was given. */
export const withoutOptions = {
  settings: {},
  hasSecrets: false,
  configKey: null,
  groupName: null,
  parentId: null,
  confirmations: defaultConfirmations,
  recoveries: defaultRecoveries,
  reminder: 'off',
} as const satisfies Partial<Monitor>

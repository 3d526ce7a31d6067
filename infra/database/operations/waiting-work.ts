import type { Postgres } from '../connect.ts'
import { watchedHeartbeats } from '../uptime/heartbeats.ts'
import { isUntoldWindow, unplannedAt } from '../uptime/maintenance.ts'
import { remindedAt, untoldMonitors, untoldQualities } from '../uptime/told-states.ts'
import { webhookWorkAt } from '../webhooks/deliveries.ts'

/**
 * SQL: the rows of each kind of work for a tick of the scheduler. `$1` is the present; maintenance that begins before
 * `$2` may be announced.
 */
const rows = {
  heartbeats: watchedHeartbeats,
  webhooks: webhookWorkAt('$1'),
  unplannedMaintenance: unplannedAt('$1'),
  untoldMaintenance: `maintenance_window where ${isUntoldWindow('$2')}`,
  untoldMonitors,
  reminders: remindedAt('$1'),
  untoldQualities,
} as const

/** Whether there may be work of each kind. A kind that is false has no work; one that is true may have none either. */
export type WaitingWork = Record<keyof typeof rows, boolean>

const text = `select ${Object.entries(rows)
  .map(([kind, from]) => `exists (select from ${from}) as "${kind}"`)
  .join(', ')}`

/** Asks for all kinds of work with one statement, because most ticks find nothing to do. */
export const waitingWork = async (db: Postgres, now: Date, announceUntil: Date): Promise<WaitingWork> =>
  (await db.query<WaitingWork>(text, [now, announceUntil])).rows[0]!

import Type from 'typebox'
import { BigintId, Instant } from './fields.ts'

/** What monitor.down and monitor.up both tell. */
export const incident = {
  monitorId: BigintId,
  incidentId: BigintId,
  name: Type.String(),
  url: Type.String(),
  /** When the failing slot was due, UTC. */
  since: Instant,
  /** HTTP status of the failing check, or null. */
  status: Type.Union([Type.Integer(), Type.Null()]),
  /** Why it failed, in stable codes (see functions/uptime-prober/checks). */
  error: Type.String(),
}

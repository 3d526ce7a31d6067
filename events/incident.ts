import Type from 'typebox'

/** What monitor.down and monitor.up both tell. */
export const incident = {
  monitorId: Type.Integer({ minimum: 1 }),
  incidentId: Type.Integer({ minimum: 1 }),
  name: Type.String(),
  url: Type.String(),
  /** When the failing slot was due, UTC. */
  since: Type.String(),
  /** HTTP status of the failing check, or null. */
  status: Type.Union([Type.Integer(), Type.Null()]),
  /** Why it failed, in stable codes (see functions/uptime-prober/checks). */
  error: Type.String(),
}

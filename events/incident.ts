import Type from 'typebox'
import { BigintId, Instant } from './fields.ts'
import { HeartbeatSettings } from './heartbeat-settings.ts'

/** The id of an event about an incident: `incident/7/monitor.down`. Every publication of the event has the same id. */
export const incidentEventId = (
  incidentId: number,
  eventName: 'monitor.down' | 'monitor.up' | 'monitor.steady',
): string => `incident/${incidentId}/${eventName}`

/** The fields about a time of flapping, in which a monitor changes often between up and down. */
export const flappingFields = {
  /** When the first of the changes happened, UTC. */
  since: Instant,
  /** The number of changes between up and down, from `since` on. */
  changes: Type.Integer({ minimum: 1 }),
  /** How much of the time after `since` the monitor was up: a share from 0 to 1. */
  uptime: Type.Number({ minimum: 0, maximum: 1 }),
}

/** The fields that monitor.down and monitor.up have in common. */
export const incidentFields = {
  monitorId: BigintId,
  incidentId: BigintId,
  name: Type.String(),
  url: Type.String(),
  /** When the failure was observed, UTC. */
  since: Instant,
  /** The failure may have begun before `since`, because the check ran late or earlier slots were not checked. */
  sinceLate: Type.Optional(Type.Boolean()),
  /** HTTP status of the failing check, or exit code of the failed job, or null. */
  status: Type.Union([Type.Integer(), Type.Null()]),
  /** Why the check failed: a code of events/probe-error.ts. */
  error: Type.String(),
  /** Only for a heartbeat: when its pings are expected. */
  heartbeat: Type.Optional(HeartbeatSettings),
  /**
   * The monitor began to flap. This event is the last until it is steady, because people are not notified of each
   * change.
   */
  flapping: Type.Optional(Type.Object(flappingFields)),
}

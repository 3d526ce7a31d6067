import Type from 'typebox'
import { BigintId, Instant } from './fields.ts'

/** The id of an event about an incident: `incident/7/monitor.down`. It is the same however often the event is published. */
export const incidentEventId = (
  incidentId: number,
  eventName: 'monitor.down' | 'monitor.up' | 'monitor.steady',
): string => `incident/${incidentId}/${eventName}`

/** How much a monitor has changed in a time of flapping. */
export const flappingFields = {
  /** The first of the changes, UTC. */
  since: Instant,
  /** How often it went up or down since then. */
  changes: Type.Integer({ minimum: 1 }),
  /** The good part of the time since then, from 0 to 1. */
  uptime: Type.Number({ minimum: 0, maximum: 1 }),
}

/** What monitor.down and monitor.up both tell. */
export const incidentFields = {
  monitorId: BigintId,
  incidentId: BigintId,
  name: Type.String(),
  url: Type.String(),
  /** When the failure was seen, UTC. */
  since: Instant,
  /** The look that saw it came late: it may have begun before. */
  sinceLate: Type.Optional(Type.Boolean()),
  /** HTTP status of the failing check, or null. */
  status: Type.Union([Type.Integer(), Type.Null()]),
  /** Why it failed, in stable codes (see functions/uptime-prober/checks). */
  error: Type.String(),
  /** It changes too often to tell people of each change. `began`: this is the one with which they are told that it does. */
  flapping: Type.Optional(Type.Object({ began: Type.Boolean(), ...flappingFields })),
}

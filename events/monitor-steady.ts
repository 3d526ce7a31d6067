import Type from 'typebox'
import { defineEvent } from './event.ts'
import { flappingFields } from './incident.ts'

/** A monitor has stopped flapping. Subject `monitor/42`, id `incident/7/monitor.steady`. */
export const MonitorSteady = defineEvent(
  'monitor.steady',
  1,
  Type.Object({
    monitorId: Type.Integer({ minimum: 1 }),
    /** The monitor started to flap when this incident opened or closed. */
    incidentId: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    url: Type.String(),
    ...flappingFields,
    /** Since when the monitor is down, UTC; null if it is up. */
    downSince: Type.Union([Type.String(), Type.Null()]),
    /** The incident that is still open; absent if the monitor is up. */
    downIncidentId: Type.Optional(Type.Integer({ minimum: 1 })),
    /** HTTP status of the last failing check, or null. */
    status: Type.Union([Type.Integer(), Type.Null()]),
    /** Why the last failing check failed: a code of events/probe-error.ts. */
    error: Type.String(),
  }),
)

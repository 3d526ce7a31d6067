import Type from 'typebox'
import { defineEvent } from './event.ts'
import { flappingFields } from './incident.ts'

/** A monitor that was flapping has not changed for a while. Subject `monitor/42`, id `incident/7/monitor.steady`. */
export const MonitorSteady = defineEvent(
  'monitor.steady',
  1,
  Type.Object({
    monitorId: Type.Integer({ minimum: 1 }),
    /** With whose beginning or end the flapping began to be told. */
    incidentId: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    url: Type.String(),
    ...flappingFields,
    /** Since when it is down, UTC; null where it is up. */
    downSince: Type.Union([Type.String(), Type.Null()]),
    /** HTTP status of the last failing check, or null. */
    status: Type.Union([Type.Integer(), Type.Null()]),
    /** Why it failed, in stable codes. */
    error: Type.String(),
  }),
)

import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { incidentFields } from './incident.ts'

const Ms = Type.Union([Type.Number({ minimum: 0 }), Type.Null()])

/** A monitor is up, and people were told that it was down. Subject `monitor/42`, id `incident/7/monitor.up`. */
export const MonitorUp = defineEvent(
  'monitor.up',
  1,
  Type.Object({
    ...incidentFields,
    until: Instant,
    /** The monitor may have been up before `until`, because the check ran late or earlier slots were not checked. */
    untilLate: Type.Optional(Type.Boolean()),
    /** The number of outages since people were told, and their total time in milliseconds; absent if there was one. */
    outages: Type.Optional(Type.Object({ count: Type.Integer({ minimum: 2 }), downMs: Type.Number({ minimum: 0 }) })),
    /** The number of checks that failed; absent for a heartbeat, because it is not checked. */
    failedChecks: Type.Optional(Type.Integer({ minimum: 0 })),
    /** The times of the first failed check in milliseconds; null for a phase that it did not reach. */
    phases: Type.Optional(Type.Object({ dnsMs: Ms, connectMs: Ms, tlsMs: Ms, firstByteMs: Ms, totalMs: Ms })),
    /** The id of the event with which people were told of the outage. */
    toldBy: Type.Optional(Type.String()),
  }),
)

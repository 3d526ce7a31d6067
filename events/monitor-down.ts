import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { incidentFields } from './incident.ts'

/**
 * People have to know that the monitor is down. Subject `monitor/42`, id `incident/7/monitor.down`. During maintenance,
 * while the parent of the monitor is down, and while a person wants silence, the event waits; it is published if the
 * monitor is still down afterwards. A reminder has the id `incident/7/monitor.down/reminder-3`, and the reminder at the
 * end of a silence `incident/7/monitor.down/silence-<time>`.
 */
export const MonitorDown = defineEvent(
  'monitor.down',
  1,
  Type.Object({
    ...incidentFields,
    lastOkAt: Type.Union([Instant, Type.Null()]),
    /**
     * How many monitors depend on this one, directly or through others, and the first ten of their names. Their
     * failures are not reported.
     */
    dependents: Type.Optional(
      Type.Object({ count: Type.Integer({ minimum: 1 }), names: Type.Array(Type.String(), { maxItems: 10 }) }),
    ),
    /**
     * Only in a reminder: how many reminders are due since people were told that the monitor is down. It can be 0 at
     * the end of a silence.
     */
    reminder: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
)

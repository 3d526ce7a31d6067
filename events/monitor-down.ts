import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { incidentFields } from './incident.ts'

/**
 * People have to know that the monitor is down. Subject `monitor/42`, id `incident/7/monitor.down`. During maintenance,
 * while the parent of the monitor is down, and while a person wants silence, the event waits; it is published when the
 * monitor is still down afterwards. A reminder has the id `incident/7/monitor.down/reminder-3`.
 */
export const MonitorDown = defineEvent(
  'monitor.down',
  1,
  Type.Object({
    ...incidentFields,
    lastOkAt: Type.Union([Instant, Type.Null()]),
    /** The monitors that depend on this one, whose failures are not reported; the first of their names. */
    dependents: Type.Optional(
      Type.Object({ count: Type.Integer({ minimum: 1 }), names: Type.Array(Type.String(), { maxItems: 10 }) }),
    ),
    /** The number of the reminder: people know that the monitor is down. 0: a silence is over. */
    reminder: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
)

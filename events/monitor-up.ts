import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { incidentFields } from './incident.ts'

/** The incident is over. Subject `monitor/42`, id `incident/7/monitor.up`. */
export const MonitorUp = defineEvent(
  'monitor.up',
  1,
  Type.Object({
    ...incidentFields,
    until: Instant,
    /** The monitor may have been up before `until`, because the check ran late or earlier slots were not checked. */
    untilLate: Type.Optional(Type.Boolean()),
  }),
)

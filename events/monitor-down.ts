import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'
import { incidentFields } from './incident.ts'

/** A confirmed failure opened an incident. Subject `monitor/42`, id `incident/7/monitor.down`. */
export const MonitorDown = defineEvent(
  'monitor.down',
  1,
  Type.Object({ ...incidentFields, lastOkAt: Type.Union([Instant, Type.Null()]) }),
)

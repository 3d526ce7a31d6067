import { MaintenanceChanged } from '#events/maintenance-changed.ts'
import { MonitorDegraded } from '#events/monitor-degraded.ts'
import { outageEvents, type StoredEvents } from '#functions/outages/publishable.ts'

/** The events that the scheduler publishes from the table `monitor_event`. */
export const storedEvents: StoredEvents = {
  ...outageEvents,
  'maintenance.changed': (cause, event) => MaintenanceChanged.from(cause, event),
  'monitor.degraded': (cause, event) => MonitorDegraded.from(cause, event),
}

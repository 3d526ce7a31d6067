import type { Postgres } from '#database/connect.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import { type MonitorEvent, monitorEventsIn } from '#database/uptime/monitor-events.ts'
import { type KnownDown, toldStatesIn } from '#database/uptime/told-states.ts'
import { reminderEvent } from './outage-events.ts'
import { remindersDue } from './reminder-schedule.ts'

/** A reminder to send. `key` is the end of the id of its event. */
interface Reminder {
  id: number
  number: number
  key: string
}

/**
 * Decides and stores the reminders that monitors are still down. Call it at every tick. If ticks were missed, only the
 * newest reminder is sent. At the end of a silence, one reminder is sent, so that the outage is not forgotten.
 */
export const remind = (db: Postgres, now: Date): Promise<MonitorEvent[]> =>
  db.transaction(async tx => {
    const known = await toldStatesIn(tx).knownDown(now)
    const reminders = known.flatMap(monitor => reminderOf(monitor, now) ?? [])
    if (reminders.length === 0) return []
    const incidents = new Map(
      (await incidentsIn(tx).newestOf(idsOf(reminders), now)).map(incident => [incident.monitorId, incident]),
    )
    const events = reminders.flatMap(({ id, number, key }): MonitorEvent[] => {
      const incident = incidents.get(id)
      return incident === undefined ? [] : [{ ...reminderEvent(incident, number, key, now), cause: null }]
    })
    await toldStatesIn(tx).saveReminded(reminders.map(({ id, number }) => ({ id, number })))
    const stored = await monitorEventsIn(tx).add(events, now)
    return events.filter(({ id }) => stored.has(id))
  })

const idsOf = (reminders: readonly Reminder[]) => reminders.map(({ id }) => id)

const reminderOf = ({ id, setting, toldAt, reminded, silenceEndedAt }: KnownDown, now: Date): Reminder | null => {
  const due = remindersDue(setting, now.getTime() - toldAt.getTime())
  if (silenceEndedAt !== null) return { id, number: due, key: `silence-${silenceEndedAt.toISOString()}` }
  return due > reminded ? { id, number: due, key: `reminder-${due}` } : null
}

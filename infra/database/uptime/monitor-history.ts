import type { Postgres } from '../connect.ts'
import type { Incident } from './incidents.ts'
import { maintenanceOf } from './maintenance.ts'
import { type PackedResult, type ProbeResult, resultColumns, unpackResult } from './probe-results.ts'

/** An outage with the name of its monitor. */
export interface NamedIncident extends Incident {
  name: string
}

const columns = `incident.id, incident.monitor_id as "monitorId", incident.opened_at as "openedAt", incident.status, incident.error,
  incident.last_ok_at as "lastOkAt", incident.closed_at as "closedAt", incident.opened_late as "openedLate",
  incident.closed_late as "closedLate", monitor.name`

/** The phases of a check that a chat sees. */
export type LastResult = Pick<
  ProbeResult,
  'ok' | 'status' | 'error' | 'dnsMs' | 'connectMs' | 'tlsMs' | 'firstByteMs' | 'totalMs'
>

/** What happened to monitors, for people who look at them. */
export const monitorHistoryIn = (db: Postgres) => ({
  /** The newest result since `since`; null if there is none. */
  lastResult: async (monitorId: number, since: Date): Promise<LastResult | null> =>
    (
      await db.query<PackedResult>(
        `select ${resultColumns} from probe_slot where monitor_id = $1 and due_at >= $2 order by due_at desc limit 1`,
        [monitorId, since],
      )
    ).rows.map(unpackResult)[0] ?? null,

  /** The outages of a chat, or of one of its monitors, the newest first, and how many there are. */
  incidents: async (
    chatId: number,
    monitorId: number | null,
    { limit, offset }: { limit: number; offset: number },
  ): Promise<{ incidents: NamedIncident[]; count: number }> => {
    const from = `from incident join monitor on monitor.id = monitor_id
      where chat_id = $1 and ($2::bigint is null or monitor.id = $2)`
    const { rows } = await db.query<NamedIncident>(
      `select ${columns} ${from} order by opened_at desc, incident.id desc limit $3 offset $4`,
      [chatId, monitorId, limit, offset],
    )
    const counted = await db.query<{ count: number }>(`select count(*) as count ${from}`, [chatId, monitorId])
    return { incidents: rows, count: counted.rows[0]!.count }
  },

  /** The outages of a monitor since then that lie at least partly outside of maintenance, the newest first. */
  countedIncidents: async (monitorId: number, since: Date, now: Date): Promise<NamedIncident[]> =>
    (
      await db.query<NamedIncident>(
        `select ${columns} from incident join monitor on monitor.id = monitor_id
         where monitor_id = $1 and (closed_at is null or closed_at > $2) and not exists (
           ${maintenanceOf('monitor')} and starts_at <= opened_at and ends_at >= coalesce(closed_at, $3)
         )
         order by opened_at desc, incident.id desc limit 100`,
        [monitorId, since, now],
      )
    ).rows,
})

export type MonitorHistory = ReturnType<typeof monitorHistoryIn>

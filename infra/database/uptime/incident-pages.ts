import type { Postgres } from '../connect.ts'
import type { Incident } from './incidents.ts'

/** An outage in a list, with the name of its monitor and who acknowledged it. */
export interface ListedIncident
  extends Pick<Incident, 'id' | 'monitorId' | 'openedAt' | 'closedAt' | 'status' | 'error'> {
  monitor: string
  acknowledged: { by: string; at: Date } | null
}

/**
 * The outages of a chat, or of one of its monitors, the newest first. `before` is the id of the last outage of the page
 * before, so that outages that begin meanwhile move no page.
 */
export const incidentPage = async (
  db: Postgres,
  chatId: number,
  { monitorId, before, limit }: { monitorId: number | null; before: number | null; limit: number },
): Promise<ListedIncident[]> => {
  const { rows } = await db.query<Omit<ListedIncident, 'acknowledged'> & { by: string | null; at: Date | null }>(
    `select incident.id, monitor_id as "monitorId", monitor.name as monitor, opened_at as "openedAt",
       closed_at as "closedAt", status, error, person_name as by, at
     from incident join monitor on monitor.id = monitor_id
     left join incident_answer on incident_id = incident.id and answer = 'acknowledge'
     where chat_id = $1 and ($2::bigint is null or monitor.id = $2) and ($3::bigint is null or incident.id < $3)
     order by incident.id desc limit $4`,
    [chatId, monitorId, before, limit],
  )
  return rows.map(({ by, at, ...incident }) => ({
    ...incident,
    acknowledged: at === null ? null : { by: by ?? '', at },
  }))
}

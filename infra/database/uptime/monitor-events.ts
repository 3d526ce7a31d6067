import { jsonText, type Postgres } from '../connect.ts'

/** An event that chats are notified of, as it is stored. */
export interface MonitorEvent {
  /** Each event is stored once: `incident/7/monitor.down`. */
  id: string
  chatId: number
  /** Null for an event that is not about one monitor. */
  monitorId: number | null
  /** The slot whose result led to the event; null for other causes. */
  cause: string | null
  /** The name of the event, such as `monitor.down`. */
  name: string
  subject: string
  data: Record<string, unknown>
  /** The time of the reported change. */
  time: Date
}

const columns = 'id, chat_id as "chatId", monitor_id as "monitorId", cause, name, subject, data, time'

/** The table `monitor_event`. */
export const monitorEventsIn = (db: Postgres) => ({
  /** Stores events that were decided at that time. Returns the ids of the new ones. */
  add: async (events: readonly MonitorEvent[], at: Date): Promise<Set<string>> => {
    if (events.length === 0) return new Set()
    const { rows } = await db.query<{ id: string }>(
      `insert into monitor_event (id, chat_id, monitor_id, cause, name, subject, data, time, at)
       select *, $9::timestamptz from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::timestamptz[])
       on conflict (id) do nothing returning id`,
      [
        events.map(({ id }) => id),
        events.map(({ chatId }) => chatId),
        events.map(({ monitorId }) => monitorId),
        events.map(({ cause }) => cause),
        events.map(({ name }) => name),
        events.map(({ subject }) => subject),
        events.map(({ data }) => jsonText(data)),
        events.map(({ time }) => time),
        at,
      ],
    )
    return new Set(rows.map(({ id }) => id))
  },

  /** The events that the results of these slots led to. A redelivery publishes them again. */
  causedBy: async (causes: readonly string[]): Promise<MonitorEvent[]> =>
    (await db.query<MonitorEvent>(`select ${columns} from monitor_event where cause = any ($1) order by id`, [causes]))
      .rows,

  /**
   * The events that were decided in [from, to) and about which no message was requested. At most 50. The message is
   * missing if a broker that keeps events in memory has lost the event, or if the chat gets no messages.
   */
  unannounced: async (from: Date, to: Date): Promise<MonitorEvent[]> =>
    (
      await db.query<MonitorEvent>(
        `select ${columns} from monitor_event
         where at >= $1 and at < $2
           and not exists (select from message where key = format('%s/message.requested/%s', monitor_event.id, monitor_event.chat_id))
         order by at, id limit 50`,
        [from, to],
      )
    ).rows,
})

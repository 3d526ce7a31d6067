import type { Postgres } from '#database/connect.ts'
import { inJson } from '../event/cloud-event.ts'
import { eventIn } from '../store/tables.ts'
import { type EventQuery, selectEvents } from './event-query.ts'

type State = 'pending' | 'done' | 'dead'

/** An event in the list of the control API. */
export interface EventSummary {
  seq: number
  id: string
  type: string
  source: string
  subject: string | null
  time: string | null
  acceptedAt: string
  causationid: string | null
  state: State
}

/** One event with everything that happened to it. */
export interface EventDetail {
  seq: number
  state: State
  /** In CloudEvents' JSON format. */
  event: Record<string, unknown>
  deliveries: {
    trigger: string
    /** null for a Trigger that is gone, or whose subscriber is no function. */
    function: string | null
    state: State
    /** At the subscriber, oldest first; those at the dead letter sink are not among them. */
    attempts: { at: string; ms: number; status: number | null; error: string | null }[]
  }[]
}

export interface EventReads {
  /** Newest first. Throws BadQuery. */
  events(query: EventQuery): Promise<EventSummary[]>
  event(seq: number): Promise<EventDetail | null>
}

/** pending while anything is under way, dead when a delivery ended so, else done: also where no Trigger wanted it. */
const stateOf = `
  coalesce((
    select case when bool_or(delivery.state = 'pending') then 'pending' when bool_or(delivery.state = 'dead') then 'dead' end
    from broker.delivery where delivery.event_seq = event.seq
  ), 'done')`

interface SummaryRow {
  seq: number
  id: string
  type: string
  source: string
  subject: string | null
  attributes: string
  accepted_at: Date
  state: State
}

/** What the control API asks; `functionOf` names the function a Trigger wakes. */
export const eventReads = (db: Postgres, functionOf: (trigger: string) => string | null): EventReads => ({
  events: async query => {
    const { text, values } = selectEvents(query)
    const { rows } = await db.query<SummaryRow>(
      `with event as materialized (${text}) select event.*, ${stateOf} as state from event order by seq desc`,
      values,
    )
    return rows.map(({ attributes, accepted_at, ...row }) => {
      const { time, causationid } = JSON.parse(attributes) as Record<string, string>
      return {
        seq: row.seq,
        id: row.id,
        type: row.type,
        source: row.source,
        subject: row.subject,
        time: time ?? null,
        acceptedAt: accepted_at.toISOString(),
        causationid: causationid ?? null,
        state: row.state,
      }
    })
  },

  event: async seq => {
    const { rows } = await db.query<Parameters<typeof eventIn>[0] & { state: State }>(
      `select attributes, headers, data, ttl, ${stateOf} as state from broker.event where seq = $1`,
      [seq],
    )
    const [row] = rows
    if (!row) return null
    const deliveries = await db.query<{ trigger: string; state: State }>(
      'select trigger, state from broker.delivery where event_seq = $1 order by trigger',
      [seq],
    )
    const attempts = await db.query<{
      trigger: string
      at: Date
      ms: number
      status: number | null
      error: string | null
    }>('select trigger, at, ms, status, error from broker.attempt where event_seq = $1 and not letter order by at', [
      seq,
    ])
    return {
      seq,
      state: row.state,
      event: inJson(eventIn(row)),
      deliveries: deliveries.rows.map(({ trigger, state }) => ({
        trigger,
        function: functionOf(trigger),
        state,
        attempts: attempts.rows
          .filter(attempt => attempt.trigger === trigger)
          .map(({ at, ms, status, error }) => ({ at: at.toISOString(), ms, status, error })),
      })),
    }
  },
})

/**
 * Makes a stored event due for a Trigger again, as if it had never been tried. What is still on its way to the subscriber stays as
 * it is; a dead letter on its way to the sink does not, for who got it there may already ask. False where there is no such event.
 */
export const makeDueAgain = async (db: Postgres, key: Buffer, trigger: string): Promise<boolean> => {
  const { rows } = await db.query<{ known: boolean }>(
    `with event as (select seq from broker.event where key = $1), again as (
       insert into broker.delivery (event_seq, trigger) select seq, $2 from event
       on conflict (event_seq, trigger) do update
       set state = 'pending', attempts = 0, due = now(), lease = null, letter = null
       where delivery.due is null or delivery.letter is not null
     )
     select exists (select from event) as known`,
    [key, trigger],
  )
  return rows[0]!.known
}

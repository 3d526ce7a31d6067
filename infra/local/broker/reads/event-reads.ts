import type { Postgres } from '#database/connect.ts'
import { inJson } from '../event/cloud-event.ts'
import { type EventRow, eventFromRow } from '../store/event-row.ts'
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

/** One event with its deliveries and their attempts. */
export interface EventDetail {
  seq: number
  state: State
  /** The event in CloudEvents' JSON format. */
  event: Record<string, unknown>
  deliveries: {
    trigger: string
    /** null when the Trigger no longer exists, or when its subscriber is not a function. */
    function: string | null
    state: State
    /** Attempts at the subscriber, oldest first; attempts at the dead letter sink are left out. */
    attempts: { at: string; ms: number; status: number | null; error: string | null }[]
  }[]
}

export interface EventReads {
  /** The events that match the query, newest first. Throws BadQuery. */
  events(query: EventQuery): Promise<EventSummary[]>
  event(seq: number): Promise<EventDetail | null>
}

/**
 * SQL of an event's state: pending while a delivery is pending, else dead when a delivery is dead, else done. An event
 * that no Trigger matched is done.
 */
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

/** The queries of the control API. `functionOf` returns the function that a Trigger calls. */
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
    const { rows } = await db.query<EventRow & { state: State }>(
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
      event: inJson(eventFromRow(row)),
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

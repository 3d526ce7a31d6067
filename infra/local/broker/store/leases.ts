import type { CloudEvent } from '../event/cloud-event.ts'
import type { DeadLetterInfo } from '../event/dead-letter-info.ts'
import { int4s, int8s, texts } from './binary-arrays.ts'
import type { Connection, Statement } from './connection.ts'
import { type EventRow, eventFromRow } from './event-row.ts'

/** A delivery that the claimer leased. */
export interface ClaimedDelivery {
  seq: number
  trigger: string
  /** How many attempts were made before: at the dead letter sink when `deadLetter` is set, else at the subscriber. */
  attempts: number
  deadLetter: DeadLetterInfo | null
  event: CloudEvent
}

interface ClaimedRow extends EventRow {
  event_seq: string
  trigger: string
  attempts: number
  letter: string | null
}

/** A Trigger, and how many of its due deliveries may be claimed. */
export interface ClaimRequest {
  trigger: string
  limit: number
}

export interface HeldLease {
  seq: number
  trigger: string
  lease: number
}

const claimStatement: Statement = {
  name: 'claim',
  text: `
    with picked as (
      select ready.event_seq, ready.trigger
      from unnest($1::text[], $2::int4[]) as wanted (trigger, amount)
      cross join lateral (
        select event_seq, trigger from broker.delivery
        where delivery.trigger = wanted.trigger and due <= now()
        order by due
        limit wanted.amount
        for update skip locked
      ) as ready
    ), leased as (
      update broker.delivery
      set lease = $3, due = now() + $4 * interval '1 millisecond'
      from picked
      where delivery.event_seq = picked.event_seq and delivery.trigger = picked.trigger
      returning delivery.event_seq, delivery.trigger, delivery.attempts, delivery.letter
    )
    select leased.*, event.attributes, event.headers, event.data, event.ttl
    from leased join broker.event on event.seq = leased.event_seq
    order by leased.event_seq`,
}

/** Claims due deliveries under `lease`, which lasts `leaseMs` by the clock of PostgreSQL. */
export const claim = async (
  connection: Connection,
  wanted: readonly ClaimRequest[],
  lease: number,
  leaseMs: number,
): Promise<ClaimedDelivery[]> => {
  const rows = await connection.run<ClaimedRow>(claimStatement, [
    texts(wanted.map(({ trigger }) => trigger)),
    int4s(wanted.map(({ limit }) => limit)),
    lease,
    leaseMs,
  ])
  return rows.map(({ event_seq, trigger, attempts, letter, ...event }) => ({
    seq: Number(event_seq),
    trigger,
    attempts,
    deadLetter: letter === null ? null : JSON.parse(letter),
    event: eventFromRow(event),
  }))
}

const nextDueStatement: Statement = {
  name: 'next due',
  text: `
    select extract(epoch from min(later.due) - now())::float8 * 1000 as "inMs", bool_or(late.is_due) as "isAnyDue"
    from unnest($1::text[]) as wanted (trigger)
    left join lateral (
      select due from broker.delivery where delivery.trigger = wanted.trigger and due > now() order by due limit 1
    ) as later on true
    cross join lateral (
      select exists (select from broker.delivery where delivery.trigger = wanted.trigger and due <= now()) as is_due
    ) as late`,
}

/** When the next delivery can be claimed. */
export interface NextDue {
  /** Milliseconds until the next delivery that is not due yet becomes due; null when all are due or there are none. */
  inMs: number | null
  /** Whether at least one delivery is due already. */
  isAnyDue: boolean
}

export const nextDue = async (connection: Connection, triggers: readonly string[]): Promise<NextDue> => {
  const [row] = await connection.run<NextDue>(nextDueStatement, [texts(triggers)])
  return { inMs: row!.inMs, isAnyDue: row!.isAnyDue ?? false }
}

const renewStatement: Statement = {
  name: 'renew',
  text: `
    with held as (
      select delivery.event_seq, delivery.trigger
      from unnest($1::int8[], $2::text[], $3::int8[]) as held (seq, trigger, lease)
      join broker.delivery on delivery.event_seq = held.seq and delivery.trigger = held.trigger and delivery.lease = held.lease
      for update of delivery skip locked
    )
    update broker.delivery set due = now() + $4 * interval '1 millisecond'
    from held where delivery.event_seq = held.event_seq and delivery.trigger = held.trigger`,
}

/** Extends leases to `leaseMs` from now. A delivery that is being settled at this moment is skipped. */
export const renew = async (connection: Connection, held: readonly HeldLease[], leaseMs: number): Promise<void> => {
  await connection.run(renewStatement, [
    int8s(held.map(({ seq }) => seq)),
    texts(held.map(({ trigger }) => trigger)),
    int8s(held.map(({ lease }) => lease)),
    leaseMs,
  ])
}

const releaseStatement: Statement = {
  name: 'release',
  text: `update broker.delivery set due = now(), lease = null where due is not null and lease = any($1::int8[])`,
}

/** Makes every delivery under these leases due again at once. */
export const release = async (connection: Connection, leases: readonly number[]): Promise<void> => {
  await connection.run(releaseStatement, [int8s(leases)])
}

import type { CloudEvent } from '../event/cloud-event.ts'
import type { DeadLetterInfo } from '../event/dead-letter-info.ts'
import { booleans, byteas, float8s, int4s, int8s, texts, uuids } from './binary-arrays.ts'
import type { Connection, Statement } from './connection.ts'

/** An event to store, with the Triggers it matched. */
export interface NewEvent {
  seq: number
  key: Buffer
  event: CloudEvent
  deliveries: NewDelivery[]
}

export interface NewDelivery {
  trigger: string
  /**
   * The lease under which the dispatcher sends the delivery from memory; null when it waits in the table until it is
   * claimed.
   */
  lease: number | null
}

/** The new state of a delivery. It is stored only if the delivery still has this `lease`. */
export interface SettledDelivery {
  seq: number
  trigger: string
  lease: number
  state: 'pending' | 'done' | 'dead'
  attempts: number
  /** Milliseconds until the next attempt; null when there is none. */
  afterMs: number | null
  /** Set once the event is a dead letter. */
  deadLetter: DeadLetterInfo | null
}

export interface AttemptRecord {
  seq: number
  trigger: string
  at: Date
  ms: number
  status: number | null
  error: string | null
  /** Whether the attempt was made at the dead letter sink. */
  atSink: boolean
}

/** Rows that are stored together or not at all. */
export interface Batch {
  events: NewEvent[]
  settled: SettledDelivery[]
  attempts: AttemptRecord[]
  leaseMs: number
}

export interface CommitResult {
  /** `seq` of each event that was stored before. */
  duplicates: Set<number>
  /** Indexes in `settled` of the deliveries whose lease is no longer valid. */
  leaseLost: Set<number>
}

const commitStatement: Statement = {
  name: 'commit',
  text: `
    with stored as (
      insert into broker.event (seq, key, id, source, type, subject, attributes, headers, data, ttl)
      select * from unnest($1::int8[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::int4[])
      on conflict (key) do nothing
      returning seq
    ), routed as (
      insert into broker.delivery (event_seq, trigger, lease, due)
      select new.seq, new.trigger, new.lease, case when new.lease is null then now() else now() + $14 * interval '1 millisecond' end
      from unnest($11::int8[], $12::text[], $13::int8[]) as new (seq, trigger, lease)
      where new.seq = any (array(select seq from stored))
    ), settled as (
      update broker.delivery
      set state = new.state, attempts = new.attempts, due = now() + new.after_ms * interval '1 millisecond', lease = null, letter = new.letter
      from unnest($15::int4[], $16::int8[], $17::text[], $18::int8[], $19::text[], $20::int4[], $21::float8[], $22::text[])
        as new (index, seq, trigger, lease, state, attempts, after_ms, letter)
      where delivery.event_seq = new.seq and delivery.trigger = new.trigger and delivery.lease = new.lease
      returning new.index
    ), noted as (
      insert into broker.attempt (event_seq, trigger, at, ms, status, error, letter)
      select seq, trigger, to_timestamp(at), ms, status, error, letter
      from unnest($23::int8[], $24::text[], $25::float8[], $26::int4[], $27::int4[], $28::text[], $29::bool[])
        as new (seq, trigger, at, ms, status, error, letter)
    )
    select setval('broker.event_seq', $30::int8),
      (select case when count(*) < cardinality($1) then array_agg(seq) end from stored) as stored,
      (select case when count(*) < cardinality($15) then array_agg(index) end from settled) as settled,
      (select count(*)::int4 from stored) as stored_count, (select count(*)::int4 from settled) as settled_count`,
}

/** Stores a batch with one statement, and so with one commit. */
export const commit = async (
  connection: Connection,
  { events, settled, attempts, leaseMs }: Batch,
): Promise<CommitResult> => {
  const deliveries = events.flatMap(({ seq, deliveries }) => deliveries.map(delivery => ({ seq, ...delivery })))
  const attributes = events.map(({ event }) => event.attributes)
  const [row] = await connection.run<{
    stored: string[] | null
    settled: number[] | null
    stored_count: number
    settled_count: number
  }>(commitStatement, [
    int8s(events.map(({ seq }) => seq)),
    uuids(events.map(({ key }) => key)),
    texts(attributes.map(({ id }) => id!)),
    texts(attributes.map(({ source }) => source!)),
    texts(attributes.map(({ type }) => type!)),
    texts(attributes.map(({ subject }) => subject ?? null)),
    texts(attributes.map(all => JSON.stringify(all))),
    texts(events.map(({ event: { headers } }) => jsonOrNull(headers))),
    byteas(events.map(({ event }) => event.data)),
    int4s(events.map(({ event }) => event.ttl)),
    int8s(deliveries.map(({ seq }) => seq)),
    texts(deliveries.map(({ trigger }) => trigger)),
    int8s(deliveries.map(({ lease }) => lease)),
    leaseMs,
    int4s(settled.map((_, index) => index)),
    int8s(settled.map(({ seq }) => seq)),
    texts(settled.map(({ trigger }) => trigger)),
    int8s(settled.map(({ lease }) => lease)),
    texts(settled.map(({ state }) => state)),
    int4s(settled.map(({ attempts: count }) => count)),
    float8s(settled.map(({ afterMs }) => afterMs)),
    texts(settled.map(({ deadLetter }) => deadLetter && JSON.stringify(deadLetter))),
    int8s(attempts.map(({ seq }) => seq)),
    texts(attempts.map(({ trigger }) => trigger)),
    float8s(attempts.map(({ at }) => at.getTime() / 1000)),
    int4s(attempts.map(({ ms }) => ms)),
    int4s(attempts.map(({ status }) => status)),
    texts(attempts.map(({ error }) => error)),
    booleans(attempts.map(({ atSink }) => atSink)),
    events.at(-1)?.seq ?? null,
  ])
  return {
    duplicates:
      row!.stored_count === events.length
        ? new Set()
        : without(
            events.map(({ seq }) => seq),
            (row!.stored ?? []).map(Number),
          ),
    leaseLost: row!.settled_count === settled.length ? new Set() : without([...settled.keys()], row!.settled ?? []),
  }
}

const without = (all: readonly number[], removed: readonly number[]): Set<number> => {
  const rest = new Set(all)
  for (const value of removed) rest.delete(value)
  return rest
}

const jsonOrNull = (headers: Readonly<Record<string, string>>): string | null => {
  for (const _ in headers) return JSON.stringify(headers)
  return null
}

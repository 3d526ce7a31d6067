import { hash } from 'node:crypto'
import type { Letter } from '../dispatch/delivery-outcome.ts'
import type { CloudEvent } from '../event/cloud-event.ts'
import { booleans, byteas, float8s, int4s, int8s, texts, uuids } from './binary-arrays.ts'
import type { Link, Statement } from './connection.ts'

/** An event to store, with the Triggers it goes to. */
export interface NewEvent {
  seq: number
  key: Buffer
  event: CloudEvent
  deliveries: NewDelivery[]
}

export interface NewDelivery {
  trigger: string
  /** The lease under which it is dispatched from memory; null: it waits in the table to be claimed. */
  lease: number | null
}

/** The news of a delivery, kept only if `lease` still has it. */
export interface Settled {
  seq: number
  trigger: string
  lease: number
  state: 'pending' | 'done' | 'dead'
  attempts: number
  /** Until the next attempt; null when there is none. */
  afterMs: number | null
  letter: Letter | null
}

export interface AttemptNote {
  seq: number
  trigger: string
  at: Date
  ms: number
  status: number | null
  error: string | null
  letter: boolean
}

/** What is stored together or not at all. */
export interface Batch {
  events: NewEvent[]
  settled: Settled[]
  attempts: AttemptNote[]
  leaseMs: number
}

export interface Stored {
  /** Those of the events that were there already. */
  duplicates: Set<number>
  /** Places in `settled` of those whose lease was lost. */
  lost: Set<number>
}

/**
 * Who may not be stored twice: source and id, and for a reply the delivery it answers, so that one subscriber's answer may have
 * the id of another's (or of the event itself, as Knative allows), and a repeated answer is one.
 */
export const eventKey = ({ attributes }: CloudEvent, answers?: { seq: number; trigger: string }): Buffer =>
  hash('sha256', JSON.stringify([attributes.source, attributes.id, answers?.seq, answers?.trigger]), 'buffer').subarray(
    0,
    16,
  )

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
        as new (place, seq, trigger, lease, state, attempts, after_ms, letter)
      where delivery.event_seq = new.seq and delivery.trigger = new.trigger and delivery.lease = new.lease
      returning new.place
    ), noted as (
      insert into broker.attempt (event_seq, trigger, at, ms, status, error, letter)
      select seq, trigger, to_timestamp(at), ms, status, error, letter
      from unnest($23::int8[], $24::text[], $25::float8[], $26::int4[], $27::int4[], $28::text[], $29::bool[])
        as new (seq, trigger, at, ms, status, error, letter)
    )
    select setval('broker.event_seq', $30::int8),
      (select case when count(*) < cardinality($1) then array_agg(seq) end from stored) as stored,
      (select case when count(*) < cardinality($15) then array_agg(place) end from settled) as settled,
      (select count(*)::int4 from stored) as stored_count, (select count(*)::int4 from settled) as settled_count`,
}

/** Stores a batch in one statement: one commit, whatever it holds. */
export const commit = async (link: Link, { events, settled, attempts, leaseMs }: Batch): Promise<Stored> => {
  const deliveries = events.flatMap(({ seq, deliveries }) => deliveries.map(delivery => ({ seq, ...delivery })))
  const attributes = events.map(({ event }) => event.attributes)
  const [row] = await link.run<{
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
    int4s(settled.map((_, place) => place)),
    int8s(settled.map(({ seq }) => seq)),
    texts(settled.map(({ trigger }) => trigger)),
    int8s(settled.map(({ lease }) => lease)),
    texts(settled.map(({ state }) => state)),
    int4s(settled.map(({ attempts: made }) => made)),
    float8s(settled.map(({ afterMs }) => afterMs)),
    texts(settled.map(({ letter }) => letter && JSON.stringify(letter))),
    int8s(attempts.map(({ seq }) => seq)),
    texts(attempts.map(({ trigger }) => trigger)),
    float8s(attempts.map(({ at }) => at.getTime() / 1000)),
    int4s(attempts.map(({ ms }) => ms)),
    int4s(attempts.map(({ status }) => status)),
    texts(attempts.map(({ error }) => error)),
    booleans(attempts.map(({ letter }) => letter)),
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
    lost: row!.settled_count === settled.length ? new Set() : without([...settled.keys()], row!.settled ?? []),
  }
}

const without = (all: readonly number[], some: readonly number[]): Set<number> => {
  const rest = new Set(all)
  for (const one of some) rest.delete(one)
  return rest
}

const jsonOrNull = (headers: Readonly<Record<string, string>>): string | null => {
  for (const _ in headers) return JSON.stringify(headers)
  return null
}

/** A delivery that was claimed. */
export interface Claimed {
  seq: number
  trigger: string
  attempts: number
  letter: Letter | null
  event: CloudEvent
}

interface ClaimedRow {
  event_seq: string
  trigger: string
  attempts: number
  letter: string | null
  attributes: string
  headers: string | null
  data: Buffer
  ttl: number
}

const claimStatement: Statement = {
  name: 'claim',
  text: `
    with picked as (
      select ready.event_seq, ready.trigger
      from unnest($1::text[], $2::int4[]) as wanted (trigger, room)
      cross join lateral (
        select event_seq, trigger from broker.delivery
        where delivery.trigger = wanted.trigger and due <= now()
        order by due
        limit wanted.room
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

/** Takes what is due of the Triggers, at most `room` of each, under the lease. */
export const claim = async (
  link: Link,
  wanted: readonly { trigger: string; room: number }[],
  lease: number,
  leaseMs: number,
): Promise<Claimed[]> => {
  const rows = await link.run<ClaimedRow>(claimStatement, [
    texts(wanted.map(({ trigger }) => trigger)),
    int4s(wanted.map(({ room }) => room)),
    lease,
    leaseMs,
  ])
  return rows.map(({ event_seq, trigger, attempts, letter, ...event }) => ({
    seq: Number(event_seq),
    trigger,
    attempts,
    letter: letter === null ? null : JSON.parse(letter),
    event: eventIn(event),
  }))
}

/** An event as its row holds it. */
export const eventIn = ({
  attributes,
  headers,
  data,
  ttl,
}: Pick<ClaimedRow, 'attributes' | 'headers' | 'data' | 'ttl'>): CloudEvent => ({
  attributes: JSON.parse(attributes),
  headers: headers === null ? {} : JSON.parse(headers),
  data,
  ttl,
})

const nextDueStatement: Statement = {
  name: 'next due',
  text: `
    select extract(epoch from min(later.due) - now())::float8 * 1000 as "inMs", bool_or(late.there) as already
    from unnest($1::text[]) as wanted (trigger)
    left join lateral (
      select due from broker.delivery where delivery.trigger = wanted.trigger and due > now() order by due limit 1
    ) as later on true
    cross join lateral (
      select exists (select from broker.delivery where delivery.trigger = wanted.trigger and due <= now()) as there
    ) as late`,
}

/** When there is something to claim. */
export interface NextDue {
  /** How long until something becomes due that is not yet, milliseconds; null: nothing will. */
  inMs: number | null
  /** Something is due already. */
  already: boolean
}

export const nextDue = async (link: Link, triggers: readonly string[]): Promise<NextDue> => {
  const [row] = await link.run<NextDue>(nextDueStatement, [texts(triggers)])
  return { inMs: row!.inMs, already: row!.already ?? false }
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

/** Makes leases last `leaseMs` from now. What is being settled meanwhile is left alone. */
export const renew = async (
  link: Link,
  held: readonly { seq: number; trigger: string; lease: number }[],
  leaseMs: number,
): Promise<void> => {
  await link.run(renewStatement, [
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

/** Gives back everything under these leases. */
export const release = async (link: Link, leases: readonly number[]): Promise<void> => {
  await link.run(releaseStatement, [int8s(leases)])
}

const releaseAllStatement: Statement = {
  name: 'release all',
  text: `update broker.delivery set due = now(), lease = null where due is not null and lease is not null`,
}

const abandonStatement: Statement = {
  name: 'abandon',
  text: `
    update broker.delivery set state = 'dead', due = null, lease = null
    where due is not null and trigger <> all ($1::text[])
    returning trigger`,
}

// setval and not nextval: the server skips ahead of a nextval when it comes back from a crash.
const startStatement: Statement = {
  name: 'start',
  text: `
    select setval('broker.epoch', (select last_value + 1 from broker.epoch)) as epoch,
      greatest((select max(seq) from broker.event), (select last_value from broker.event_seq)) as seq`,
}

export interface Beginning {
  /** Goes up with each start. */
  epoch: number
  /** The seq of the newest event there ever was. */
  seq: number
  /** Triggers that are gone, with how many of their deliveries were given up. */
  abandoned: Record<string, number>
}

/** Everything an earlier process had taken becomes due at once; what belongs to Triggers that are gone is given up. */
export const begin = async (link: Link, triggers: readonly string[]): Promise<Beginning> => {
  await link.run(releaseAllStatement)
  const gone = await link.run<{ trigger: string }>(abandonStatement, [texts(triggers)])
  const [row] = await link.run<{ epoch: string; seq: string }>(startStatement)
  const abandoned: Record<string, number> = {}
  for (const { trigger } of gone) abandoned[trigger] = (abandoned[trigger] ?? 0) + 1
  return { epoch: Number(row!.epoch), seq: Number(row!.seq), abandoned }
}

const epochStatement: Statement = { name: 'epoch', text: 'select last_value as epoch from broker.epoch' }

/** Which start of a broker was the last on this database. */
export const lastEpoch = async (link: Link): Promise<number> =>
  Number((await link.run<{ epoch: string }>(epochStatement))[0]!.epoch)

const forgetStatement: Statement = {
  name: 'forget',
  text: `
    with oldest as (
      select seq, accepted_at < now() - $1 * interval '1 millisecond' as old
      from broker.event where seq > $2 order by seq limit $3
    ), done as (
      select seq from oldest
      where old and not exists (select from broker.delivery where event_seq = seq and state <> 'done')
    ), deliveries as (
      delete from broker.delivery using done where event_seq = done.seq
    ), attempts as (
      delete from broker.attempt using done where event_seq = done.seq
    ), events as (
      delete from broker.event using done where event.seq = done.seq returning event.seq
    )
    select (select count(*)::int4 from events) as deleted, (select max(seq) from oldest where old) as "upTo"`,
}

/**
 * Looks at the `limit` oldest events after `after` and deletes those older than `ageMs` whose every delivery is done. Says how many,
 * and up to which all was old: where to go on, for what is kept is kept for ever.
 */
export const forget = async (
  link: Link,
  ageMs: number,
  after: number,
  limit: number,
): Promise<{ deleted: number; upTo: number | null }> => {
  const [row] = await link.run<{ deleted: number; upTo: string | null }>(forgetStatement, [ageMs, after, limit])
  return { deleted: row!.deleted, upTo: row!.upTo === null ? null : Number(row!.upTo) }
}

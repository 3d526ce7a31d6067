import type { Postgres } from '#database/connect.ts'
import type { CloudEvent } from './event/cloud-event.ts'

const mebibyte = 1024 * 1024

/** How many of the newest events stay, and how many bytes of them. */
export interface Budget {
  events: number
  bytes: number
}

/** What the broker keeps of events that are done or dead. What is pending stays, and counts. */
export interface BrokerRetention {
  /** Of each kind (type and source), so that a kind of thousands an hour does not displace the rare ones. */
  kind: Budget
  /** Of all together. */
  all: Budget
  /** Events with a dead delivery stay longer than `kind` and `all` say: so many, and so many days. */
  dead: Budget & { days: number }
}

export const brokerRetention: BrokerRetention = {
  kind: { events: 20_000, bytes: 64 * mebibyte },
  all: { events: 500_000, bytes: 1024 * mebibyte },
  dead: { events: 10_000, bytes: 256 * mebibyte, days: 30 },
}

export interface Retention {
  /** An event was stored. */
  accepted(event: CloudEvent): void
  /** Deletes what is beyond the budgets; call it now and then. */
  clean(): Promise<void>
}

/** Looking at a budget reads all that it covers, so it is looked at again when this share of it is new. */
const newShare = 0.05

/** Deliveries get dead without news to us; they are few. */
const deadEvery = 10

const batch = 500

interface Kind {
  type: string
  source: string
  /** Since the last look. */
  events: number
  bytes: number
}

/**
 * Keeps the broker's tables within their budgets: the oldest events that are done leave first, in small statements on a connection
 * of their own, so that nothing that is published or dispatched waits for them. Once `isOver` it begins no more of them.
 */
export const retentionOf = (
  db: Postgres,
  { kind: own, all, dead }: BrokerRetention,
  isOver: () => boolean,
): Retention => {
  const kinds = new Map<string, Kind>()
  const total = { events: 0, bytes: 0 }
  let cleans = 0

  const isDue = (fresh: Budget, budget: Budget) =>
    fresh.events >= budget.events * newShare || fresh.bytes >= budget.bytes * newShare

  const newsOf = ({ type, source }: { type: string; source: string }): Kind => {
    const key = JSON.stringify([type, source])
    const found = kinds.get(key) ?? { type, source, events: 0, bytes: 0 }
    kinds.set(key, found)
    return found
  }

  /** What an earlier process left is looked at once. */
  const lookAtAll = async () => {
    for (const kind of await kindsIn(db)) newsOf(kind).events = own.events
    total.events = all.events
  }

  const cleanPart = async (part: Part, fresh: Budget, budget: Budget) => {
    fresh.events = 0
    fresh.bytes = 0
    const beyond = await firstBeyond(db, part, budget)
    if (beyond !== null) await forgetDone(db, part, beyond, isOver)
  }

  return {
    accepted: ({ attributes, data }) => {
      const kind = newsOf(attributes as { type: string; source: string })
      // About what the row takes besides its data.
      const bytes = data.length + 500
      for (const count of [kind, total]) {
        count.events++
        count.bytes += bytes
      }
    },
    clean: async () => {
      if (cleans === 0) await lookAtAll()
      for (const kind of [...kinds.values()]) if (isDue(kind, own)) await cleanPart(ofKind(kind), kind, own)
      // Kinds that are made up anew all the time must not fill the memory.
      if (kinds.size > 10_000) kinds.clear()
      if (isDue(total, all)) await cleanPart(ofAll, total, all)
      if (cleans++ % deadEvery === 0) await forgetDead(db, dead, isOver)
    },
  }
}

/** Some events, in the order of an index: bounds, given the numbers of the parameters that hold them, and their order. */
interface Part {
  between(low: number, high: number): string
  order(direction: string): string
  /** For the first parameters. */
  values: unknown[]
}

const kindColumns = ['type collate "C"', 'source collate "C"', 'seq']
const ofKind = ({ type, source }: Kind): Part => ({
  between: (low, high) => `(${kindColumns}) > ($1, $2, $${low}) and (${kindColumns}) <= ($1, $2, $${high})`,
  order: direction => kindColumns.map(column => `${column} ${direction}`).join(', '),
  values: [type, source],
})
const ofAll: Part = {
  between: (low, high) => `seq > $${low} and seq <= $${high}`,
  order: direction => `seq ${direction}`,
  values: [],
}

const last = '9223372036854775807'

/** Every kind there is, by skipping through the index. */
const kindsIn = async (db: Postgres): Promise<{ type: string; source: string }[]> => {
  const order = 'order by type collate "C", source collate "C" limit 1'
  const { rows } = await db.query<{ type: string; source: string }>(
    `with recursive kind (type, source) as (
       (select type, source from broker.event ${order})
       union all
       select next.type, next.source from kind cross join lateral (
         select type, source from broker.event
         where (type collate "C", source collate "C") > (kind.type, kind.source) ${order}
       ) as next
     ) select type, source from kind limit 10000`,
  )
  return rows
}

/** The newest event that is beyond the budget, or null. */
const firstBeyond = async (db: Postgres, part: Part, budget: Budget): Promise<number | null> => {
  const at = part.values.length
  const { rows } = await db.query<{ seq: number }>(
    `select seq from (
       select seq, row_number() over newest as nth, sum(octet_length(data) + octet_length(attributes)) over newest as bytes
       from broker.event where ${part.between(at + 1, at + 2)}
       window newest as (order by ${part.order('desc')} rows unbounded preceding)
     ) as event where nth > $${at + 3} or bytes > $${at + 4} limit 1`,
    [...part.values, -1, last, budget.events, budget.bytes],
  )
  return rows[0]?.seq ?? null
}

const forgetting = (chosen: string) => `
  ${chosen}, deliveries as (
    delete from broker.delivery using chosen where event_seq = chosen.seq
  ), attempts as (
    delete from broker.attempt using chosen where event_seq = chosen.seq
  ), events as (
    delete from broker.event using chosen where event.seq = chosen.seq returning event.seq
  )`

/** Deletes the events up to `upTo` whose every delivery is done. */
const forgetDone = async (db: Postgres, part: Part, upTo: number, isOver: () => boolean): Promise<void> => {
  const at = part.values.length
  for (let after: number | null = -1; after !== null && !isOver(); ) {
    const { rows }: { rows: { seen: number | null }[] } = await db.query(
      `${forgetting(`with oldest as (
         select seq from broker.event where ${part.between(at + 1, at + 2)} order by ${part.order('asc')} limit ${batch}
       ), chosen as (
         select seq from oldest where not exists (select from broker.delivery where event_seq = seq and state <> 'done')
       )`)}
       select max(seq) as seen from oldest`,
      [...part.values, after, upTo],
    )
    after = rows[0]!.seen
  }
}

/** Deletes events with a dead delivery that are too old or too many, unless something of them is under way. */
const forgetDead = async (
  db: Postgres,
  { days, events, bytes }: BrokerRetention['dead'],
  isOver: () => boolean,
): Promise<void> => {
  for (let deleted = batch; deleted === batch && !isOver(); ) {
    const { rows } = await db.query<{ deleted: number }>(
      `${forgetting(`with dead as (
         select distinct event_seq as seq from broker.delivery where state = 'dead'
       ), counted as (
         select seq, accepted_at, row_number() over newest as nth, sum(octet_length(data) + octet_length(attributes)) over newest as bytes
         from dead join broker.event using (seq) window newest as (order by seq desc rows unbounded preceding)
       ), chosen as (
         select seq from counted
         where (nth > $1 or bytes > $2 or accepted_at < now() - make_interval(days => $3))
           and not exists (select from broker.delivery where event_seq = seq and state = 'pending')
         order by seq limit ${batch}
       )`)}
       select count(*)::int4 as deleted from events`,
      [events, bytes, days],
    )
    deleted = rows[0]!.deleted
  }
}

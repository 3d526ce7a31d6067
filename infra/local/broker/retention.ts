import type { Postgres } from '#database/connect.ts'
import type { CloudEvent } from './event/cloud-event.ts'

const mebibyte = 1024 * 1024

/** How many of the newest events are kept, and how many bytes they may have together. */
export interface Budget {
  events: number
  bytes: number
}

/**
 * How many done and dead events the broker keeps. Pending events are always kept, but they count towards the budgets.
 */
export interface BrokerRetention {
  /**
   * For each kind (a pair of type and source), so that a kind with thousands of events an hour does not displace rare
   * events.
   */
  kind: Budget
  /** For all kinds together. */
  all: Budget
  /** For events with a dead delivery. They are kept longer than `kind` and `all` allow, but at most `days` days. */
  dead: Budget & { days: number }
}

export const brokerRetention: BrokerRetention = {
  kind: { events: 20_000, bytes: 64 * mebibyte },
  all: { events: 500_000, bytes: 1024 * mebibyte },
  dead: { events: 10_000, bytes: 256 * mebibyte, days: 30 },
}

export interface Retention {
  /** Counts an event that was stored. */
  accepted(event: CloudEvent): void
  /** Deletes the events that exceed the budgets. Call it regularly. */
  clean(): Promise<void>
}

/**
 * A budget is checked again only after new events have used this share of it, because each check reads all events that
 * the budget covers.
 */
const newShare = 0.05

/**
 * The budget of events with a dead delivery is checked only in every tenth run, because they are few and are not
 * counted in memory.
 */
const deadEvery = 10

const batchSize = 500

/**
 * When there are more kinds than this, all counts are cleared, so that invented types and sources cannot fill the
 * memory.
 */
const maxKinds = 10_000

/** The approximate number of bytes that a row has in addition to the event's data. */
const rowBytes = 500

interface Kind {
  type: string
  source: string
  /** How many events and bytes were stored since the last check. */
  events: number
  bytes: number
}

/**
 * Keeps the broker's tables within their budgets. It deletes the oldest done events first, in small statements on a
 * connection of its own, so that publishing and dispatching do not wait for it. Once `isStopping()` is true, it begins
 * no further statement.
 */
export const retentionOf = (
  db: Postgres,
  { kind: kindBudget, all, dead }: BrokerRetention,
  isStopping: () => boolean,
): Retention => {
  const kinds = new Map<string, Kind>()
  const total = { events: 0, bytes: 0 }
  let cleans = 0

  const isDue = (fresh: Budget, budget: Budget) =>
    fresh.events >= budget.events * newShare || fresh.bytes >= budget.bytes * newShare

  const countsOf = ({ type, source }: { type: string; source: string }): Kind => {
    const key = JSON.stringify([type, source])
    const found = kinds.get(key) ?? { type, source, events: 0, bytes: 0 }
    kinds.set(key, found)
    return found
  }

  /** At the start every kind is checked once, because an earlier process may have left more than the budgets allow. */
  const markAllDue = async () => {
    for (const kind of await kindsIn(db)) countsOf(kind).events = kindBudget.events
    total.events = all.events
  }

  const cleanSelection = async (selection: Selection, fresh: Budget, budget: Budget) => {
    fresh.events = 0
    fresh.bytes = 0
    const beyond = await newestBeyond(db, selection, budget)
    if (beyond !== null) await deleteDone(db, selection, beyond, isStopping)
  }

  return {
    accepted: ({ attributes, data }) => {
      const kind = countsOf(attributes as { type: string; source: string })
      const bytes = data.length + rowBytes
      for (const count of [kind, total]) {
        count.events++
        count.bytes += bytes
      }
    },
    clean: async () => {
      if (cleans === 0) await markAllDue()
      for (const kind of [...kinds.values()])
        if (isDue(kind, kindBudget)) await cleanSelection(ofKind(kind), kind, kindBudget)
      if (kinds.size > maxKinds) kinds.clear()
      if (isDue(total, all)) await cleanSelection(ofAll, total, all)
      if (cleans++ % deadEvery === 0) await deleteDead(db, dead, isStopping)
    },
  }
}

/** The parts of an SQL statement that select events and sort them in the order of an index. */
interface Selection {
  /** The condition for a range of `seq`. `low` and `high` are the numbers of the parameters that hold the bounds. */
  between(low: number, high: number): string
  order(direction: string): string
  /** The first parameters of the statement. */
  values: unknown[]
}

const kindColumns = ['type collate "C"', 'source collate "C"', 'seq']
const ofKind = ({ type, source }: Kind): Selection => ({
  between: (low, high) => `(${kindColumns}) > ($1, $2, $${low}) and (${kindColumns}) <= ($1, $2, $${high})`,
  order: direction => kindColumns.map(column => `${column} ${direction}`).join(', '),
  values: [type, source],
})
const ofAll: Selection = {
  between: (low, high) => `seq > $${low} and seq <= $${high}`,
  order: direction => `seq ${direction}`,
  values: [],
}

const maxSeq = '9223372036854775807'

/** Every kind in the table, found by skipping through the index. */
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

/** The `seq` of the newest event that exceeds the budget, or null. */
const newestBeyond = async (db: Postgres, selection: Selection, budget: Budget): Promise<number | null> => {
  const at = selection.values.length
  const { rows } = await db.query<{ seq: number }>(
    `select seq from (
       select seq, row_number() over newest as nth, sum(octet_length(data) + octet_length(attributes)) over newest as bytes
       from broker.event where ${selection.between(at + 1, at + 2)}
       window newest as (order by ${selection.order('desc')} rows unbounded preceding)
     ) as event where nth > $${at + 3} or bytes > $${at + 4} limit 1`,
    [...selection.values, -1, maxSeq, budget.events, budget.bytes],
  )
  return rows[0]?.seq ?? null
}

const deletingChosen = (chosen: string) => `
  ${chosen}, deliveries as (
    delete from broker.delivery using chosen where event_seq = chosen.seq
  ), attempts as (
    delete from broker.attempt using chosen where event_seq = chosen.seq
  ), events as (
    delete from broker.event using chosen where event.seq = chosen.seq returning event.seq
  )`

/** Deletes the events up to `upTo` whose deliveries are all done. */
const deleteDone = async (
  db: Postgres,
  selection: Selection,
  upTo: number,
  isStopping: () => boolean,
): Promise<void> => {
  const at = selection.values.length
  for (let after: number | null = -1; after !== null && !isStopping(); ) {
    const { rows }: { rows: { seen: number | null }[] } = await db.query(
      `${deletingChosen(`with oldest as (
         select seq from broker.event where ${selection.between(at + 1, at + 2)} order by ${selection.order('asc')} limit ${batchSize}
       ), chosen as (
         select seq from oldest where not exists (select from broker.delivery where event_seq = seq and state <> 'done')
       )`)}
       select max(seq) as seen from oldest`,
      [...selection.values, after, upTo],
    )
    after = rows[0]!.seen
  }
}

/** Deletes events with a dead delivery that are too old or too many, unless another of their deliveries is pending. */
const deleteDead = async (
  db: Postgres,
  { days, events, bytes }: BrokerRetention['dead'],
  isStopping: () => boolean,
): Promise<void> => {
  for (let deleted = batchSize; deleted === batchSize && !isStopping(); ) {
    const { rows } = await db.query<{ deleted: number }>(
      `${deletingChosen(`with dead as (
         select distinct event_seq as seq from broker.delivery where state = 'dead'
       ), counted as (
         select seq, accepted_at, row_number() over newest as nth, sum(octet_length(data) + octet_length(attributes)) over newest as bytes
         from dead join broker.event using (seq) window newest as (order by seq desc rows unbounded preceding)
       ), chosen as (
         select seq from counted
         where (nth > $1 or bytes > $2 or accepted_at < now() - make_interval(days => $3))
           and not exists (select from broker.delivery where event_seq = seq and state = 'pending')
         order by seq limit ${batchSize}
       )`)}
       select count(*)::int4 as deleted from events`,
      [events, bytes, days],
    )
    deleted = rows[0]!.deleted
  }
}

import type { Postgres } from '../connect.ts'
import { hasStarted, isFailed, isOk, isUnknown, latenessS } from '../uptime/packed-result.ts'
import { partsByDay } from '../uptime/result-partitions.ts'

/** What PostgreSQL knows about the state of Vigia, for monitoring. */
export interface Figures {
  /** The number of monitors; `new`: not judged since the monitor was added or resumed. */
  monitors: { new: number; up: number; down: number; paused: number }
  checks: CheckFigures
  /** See `missedChecks`. */
  missedChecks: number
  openIncidents: number
  outbox: OutboxFigures
  messages: MessageFigures
  deadLetters: DeadLetterFigures
  /** The time up to which each job has done its work. */
  jobs: { job: string; reached: Date }[]
  /** null if the broker does not keep its events in this database. */
  deliveries: DeliveryFigures | null
}

/** The results of the last five minutes, of a sample of the monitors. */
export interface CheckFigures {
  ok: number
  failed: number
  /** A fault on our side prevented a conclusion about the site. */
  unknown: number
  /** The slot was too old to be checked when the prober got it. */
  missed: number
  /** The checks among all of these that began more than `objectives.latenessS` late, and the missed ones. */
  late: number
  /**
   * The number of seconds from the due time of a check to its start, by percentile: half of the checks (95 %, 99 %, all
   * of them) were at most that late. All four are 0 if no check began.
   */
  latenessS: { 50: number; 95: number; 99: number; 100: number }
}

/** Messages that Telegram has neither accepted nor refused. At most `mostCounted` of them are counted. */
export interface OutboxFigures {
  waiting: number
  sending: number
  /** When the oldest of them all was requested; null without messages. */
  oldestAt: Date | null
}

/**
 * The messages that were requested in the last five minutes, without those that Telegram refused and those that had to
 * wait because Telegram asked for it. At most `mostCounted` of them are counted.
 */
export interface MessageFigures {
  /** Sent within `objectives.messageS` after the request. */
  inTime: number
  /** Sent later, or not sent yet although that time is over. */
  late: number
}

/** The dead letters of the last 24 hours that were not replayed since. */
export interface DeadLetterFigures {
  /** The most frequent kinds, at most `mostKinds` of them. */
  kinds: { fingerprint: string; trigger: string; count: number }[]
  /** The number of dead letters of all other kinds. */
  others: number
}

/** Deliveries of the one-machine broker that are neither done nor dead. At most `mostCounted` of them are counted. */
export interface DeliveryFigures {
  unfinished: number
  /**
   * When the broker accepted the oldest event among those counted and the first `mostOfTrigger` of each Trigger; null
   * without deliveries.
   */
  oldestAt: Date | null
}

/** What counts as in time: the start of a check after it was due, and the sending of a message after its request. */
export const objectives = { latenessS: 1, messageS: 3 }

/** Counting stops here, so that a long queue cannot make its own monitoring slow. */
export const mostCounted = 100_000
/**
 * How many deliveries of each Trigger the age of the oldest one comes from. The broker takes a Trigger's deliveries in
 * this order, so beyond them only an event whose retry is pending can be older.
 */
const mostOfTrigger = 1_000
/** The number of kinds is limited, because each kind is a time series of its own. */
export const mostKinds = 20

/**
 * The sample has up to 8 monitors of each of 64 equal ranges of hashes. There are never more than 64 shards, so each
 * shard is in the sample. A larger sample would cost more than the checks themselves: four times as many monitors took
 * 6 ms of CPU time a second when they were checked every ten seconds.
 */
export const sampleSize = { ranges: 64, monitors: 8 }
const hashesPerRange = 2 ** 31 / sampleSize.ranges
/** A monitor has at most 30 slots in five minutes; the others are checks that a person requested. */
const mostResults = 40

/** SQL: the oldest event among the first deliveries of each Trigger. It finds the Triggers one by one in the index. */
const firstOfTriggers = `
  with recursive waiting as (
    (select trigger from broker.delivery where due is not null order by trigger limit 1)
    union all
    select (
      select delivery.trigger from broker.delivery
      where due is not null and delivery.trigger > waiting.trigger order by delivery.trigger limit 1
    ) from waiting where waiting.trigger is not null
  )
  select min(event_seq) from waiting cross join lateral (
    select event_seq from broker.delivery
    where due is not null and delivery.trigger = waiting.trigger order by due limit ${mostOfTrigger}
  ) as first`

/**
 * The queries for monitoring. Each query reads a bounded part of an index, except `monitorsByState`, which reads the
 * table `monitor` once, as probe-scheduler does at every tick.
 */
export const figuresIn = (db: Postgres) => ({
  monitorsByState: async (): Promise<Figures['monitors']> => {
    const { rows } = await db.query<{ state: keyof Figures['monitors']; count: number }>(
      `select case when paused_at is null then state else 'paused' end as state, count(*) as count
       from monitor group by 1`,
    )
    return { new: 0, up: 0, down: 0, paused: 0, ...Object.fromEntries(rows.map(({ state, count }) => [state, count])) }
  },

  recentChecks: async (now: Date): Promise<CheckFigures> => {
    const from = new Date(now.getTime() - 5 * 60_000 + 1)
    const to = new Date(now.getTime() + 1)
    const { rows } = await db.query<Omit<CheckFigures, 'latenessS'> & { lateness: number[] | null }>(
      `select count(*) filter (where ${isOk}) as ok, count(*) filter (where ${isFailed}) as failed,
         count(*) filter (where ${isUnknown} and ${hasStarted}) as unknown,
         count(*) filter (where ${isUnknown} and not ${hasStarted}) as missed,
         count(*) filter (where lateness_s > ${objectives.latenessS} or (${isUnknown} and not ${hasStarted})) as late,
         percentile_disc(array[0.5, 0.95, 0.99, 1]) within group (order by lateness_s) as lateness
       from generate_series(0, ${sampleSize.ranges - 1}) as range
       cross join lateral (
         select id from monitor
         where slot_hash between range * ${hashesPerRange} and range * ${hashesPerRange} + ${hashesPerRange - 1}
         order by slot_hash limit ${sampleSize.monitors}
       ) as sampled
       cross join lateral (
         select outcome, late, ${latenessS} as lateness_s
         from unnest($1::timestamptz[], $2::timestamptz[]) as part (starts_at, ends_at) join probe_slot on true
         where monitor_id = sampled.id and due_at >= starts_at and due_at < ends_at
           and ms_of_day(due_at) between ms_of_day(starts_at) and ms_of_day(ends_at - interval '1 millisecond')
           -- Leaves out the partitions of other days.
           and due_at >= $3 and due_at < $4
         order by due_at desc limit ${mostResults}
       ) as result`,
      [...partsByDay(from, to), from, to],
    )
    const { lateness, ...outcomes } = rows[0]!
    const [half = 0, most = 0, nearlyAll = 0, all = 0] = lateness ?? []
    return { ...outcomes, latenessS: { 50: half, 95: most, 99: nearlyAll, 100: all } }
  },

  /**
   * The number of slots in the current and the previous hour (UTC) that gave no result about the site, because they
   * were not checked or because the check was inconclusive.
   */
  missedChecks: async (now: Date): Promise<number> =>
    (
      await db.query<{ missed: number }>(
        `select coalesce(sum(missed), 0) as missed from probe_hour
         where missed > 0 and hour >= date_trunc('hour', $1::timestamptz, 'UTC') - interval '1 hour'`,
        [now],
      )
    ).rows[0]!.missed,

  openIncidents: async (): Promise<number> =>
    (await db.query<{ count: number }>('select count(*) as count from incident where closed_at is null')).rows[0]!
      .count,

  outbox: async (): Promise<OutboxFigures> =>
    (
      await db.query<OutboxFigures>(
        `select count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'sending') as sending,
           (select min(requested_at) from message where state in ('waiting', 'sending')) as "oldestAt"
         from (
           select state from message where state in ('waiting', 'sending') order by chat_id, seq limit ${mostCounted}
         ) as unsent`,
      )
    ).rows[0]!,

  recentMessages: async (now: Date): Promise<MessageFigures> =>
    (
      await db.query<MessageFigures>(
        `select count(*) filter (where took <= interval '${objectives.messageS} seconds') as "inTime",
           count(*) filter (where took > interval '${objectives.messageS} seconds') as late
         from (
           (select sent_at - requested_at as took from message
            where state in ('sent', 'refused') and requested_at > $1::timestamptz - interval '5 minutes'
              and requested_at <= $1 and state = 'sent' and not request ? 'notBefore'
            order by requested_at desc limit ${mostCounted})
           union all
           (select $1 - requested_at from message
            where state in ('waiting', 'sending') and requested_at > $1::timestamptz - interval '5 minutes'
              and requested_at < $1::timestamptz - interval '${objectives.messageS} seconds'
              and not request ? 'notBefore'
            order by requested_at desc limit ${mostCounted})
         ) as recent`,
        [now],
      )
    ).rows[0]!,

  deadLettersByKind: async (now: Date): Promise<DeadLetterFigures> => {
    const { rows } = await db.query<DeadLetterFigures['kinds'][number] & { total: number }>(
      `select fingerprint, min(trigger) as trigger, count(*) as count, sum(count(*)) over () as total from dead_letter
       where at > $1::timestamptz - interval '24 hours' and (replayed_at is null or replayed_at < at)
       group by fingerprint order by count(*) desc, fingerprint limit ${mostKinds}`,
      [now],
    )
    const kinds = rows.map(({ total, ...kind }) => kind)
    return { kinds, others: (rows[0]?.total ?? 0) - kinds.reduce((sum, { count }) => sum + count, 0) }
  },

  jobs: async (): Promise<Figures['jobs']> =>
    (await db.query<Figures['jobs'][number]>('select job, reached from cursor order by job')).rows,

  /** Only for a database in which the one-machine broker keeps its events. */
  unfinishedDeliveries: async (): Promise<DeliveryFigures> =>
    (
      await db.query<DeliveryFigures>(
        `select count(*) as unfinished,
           (select accepted_at from broker.event where seq = least(min(unfinished.event_seq), (${firstOfTriggers}))) as "oldestAt"
         from (
           select event_seq from broker.delivery where due is not null order by trigger, due limit ${mostCounted}
         ) as unfinished`,
      )
    ).rows[0]!,
})

/** Reads all figures in one transaction, so that they belong together. */
export const readFigures = (db: Postgres, now: Date, { withBroker }: { withBroker: boolean }): Promise<Figures> =>
  db.transaction(async tx => {
    await tx.query('set transaction isolation level repeatable read read only')
    const figures = figuresIn(tx)
    return {
      monitors: await figures.monitorsByState(),
      checks: await figures.recentChecks(now),
      missedChecks: await figures.missedChecks(now),
      openIncidents: await figures.openIncidents(),
      outbox: await figures.outbox(),
      messages: await figures.recentMessages(now),
      deadLetters: await figures.deadLettersByKind(now),
      jobs: await figures.jobs(),
      deliveries: withBroker ? await figures.unfinishedDeliveries() : null,
    }
  })

import type { Postgres } from '../connect.ts'

/** The table with the results, and the table in which releases before migration 0024 kept them. */
export type ResultTable = 'probe_slot' | 'probe_result'

const dayMs = 86_400_000
const dayOf = (instant: Date) => new Date(Math.floor(instant.getTime() / dayMs) * dayMs)
/** The day as it ends the name of a partition: 20261121. Such texts sort by date. */
const dayName = (date: Date) => date.toISOString().slice(0, 10).replaceAll('-', '')

/** Whether a write failed because the table has no partition for the day of a row. */
export const isMissingPartition = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === '23514' && /no partition/.test((error as Error).message)

/**
 * The time [from, to) in parts that do not go over the end of a day in UTC: the starts and the ends of the parts. The
 * index of a partition finds the results of a part.
 */
export const partsByDay = (from: Date, to: Date): [starts: Date[], ends: Date[]] => {
  const starts: Date[] = []
  const ends: Date[] = []
  for (let start = from; start < to; start = ends.at(-1)!) {
    starts.push(start)
    ends.push(new Date(Math.min(to.getTime(), dayOf(start).getTime() + dayMs)))
  }
  return [starts, ends]
}

interface Partition {
  name: string
  day: string
  bytes: number
}

/** The partitions with results, the oldest first. */
const partitionsOf = async (db: Postgres, tables: readonly ResultTable[] = ['probe_slot', 'probe_result']) =>
  (
    await db.query<Partition>(
      `select relname as name, right(relname, 8) as day, pg_total_relation_size(pg_class.oid) as bytes
       from pg_inherits join pg_class on pg_class.oid = inhrelid
       where inhparent in (select to_regclass(name) from unnest($1::text[]) as name) order by day, name`,
      [tables],
    )
  ).rows

/**
 * Allows one change of partitions at a time. The lock timeout is short, because readers and writers of results wait
 * behind a change that waits for its lock.
 */
const lockPartitions = async (tx: Postgres) => {
  await tx.query(`set local lock_timeout = '3s'`)
  await tx.query(`select pg_advisory_xact_lock(hashtext('probe_result partitions'))`)
}

const drop = async (tx: Postgres, partitions: readonly Partition[]) => {
  if (partitions.length === 0) return
  await lockPartitions(tx)
  for (const { name } of partitions) await tx.query(`drop table if exists ${name}`)
}

/** The partitions of the tables with results, one for each day in UTC. */
export const resultPartitionsIn = (db: Postgres) => ({
  /** Creates the missing partitions of these days. */
  createPartitions: (instants: readonly Date[], table: ResultTable = 'probe_slot'): Promise<void> =>
    db.transaction(async tx => {
      const missing = new Map(instants.map(instant => [dayName(instant), dayOf(instant)]))
      for (const { day } of await partitionsOf(tx, [table])) missing.delete(day)
      if (missing.size === 0) return
      await lockPartitions(tx)
      for (const [day, date] of missing) {
        const name = `${table}_${day}`
        await tx.query(
          `create table if not exists ${name} partition of ${table}
           for values from ('${date.toISOString()}') to ('${new Date(date.getTime() + dayMs).toISOString()}')`,
        )
        // The key of a result (see migration 0024).
        if (table === 'probe_slot')
          await tx.query(`create unique index if not exists ${name}_key on ${name} (monitor_id, ms_of_day(due_at))`)
      }
    }),

  /** Drops the partitions of the days before the day of `instant`. */
  dropPartitionsBefore: (instant: Date): Promise<void> =>
    db.transaction(async tx =>
      drop(
        tx,
        (await partitionsOf(tx)).filter(({ day }) => day < dayName(instant)),
      ),
    ),

  /**
   * Drops the oldest partitions until the others take at most `bytes` together. Keeps the day of `instant` and all
   * later days.
   */
  dropOldestPartitions: (bytes: number, instant: Date): Promise<void> =>
    db.transaction(async tx => {
      const partitions = await partitionsOf(tx)
      let totalBytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0)
      const dropped: Partition[] = []
      for (const partition of partitions) {
        if (totalBytes <= bytes || partition.day >= dayName(instant)) break
        dropped.push(partition)
        totalBytes -= partition.bytes
      }
      await drop(tx, dropped)
    }),
})

import type { Postgres } from '../connect.ts'

/** The sizes of the tables in bytes, with their indexes, by name. A partitioned table counts with its partitions. */
export interface DatabaseSizes {
  bytes: number
  tables: Record<string, number>
}

/** The queries for the daily report to the operators; those of figures.ts are for the present. */
export const operatorsFiguresIn = (db: Postgres) => ({
  sizes: async (): Promise<DatabaseSizes> => {
    const { rows } = await db.query<{ name: string; bytes: number }>(
      `select name, sum(pg_total_relation_size(oid))::float8 as bytes from (
         select pg_class.oid, relkind,
           case when nspname = 'public' then '' else nspname || '.' end ||
             case when relispartition then (select parent.relname from pg_inherits join pg_class parent on parent.oid = inhparent
               where inhrelid = pg_class.oid limit 1) else relname end as name
         from pg_class join pg_namespace on pg_namespace.oid = relnamespace
         where nspname in ('public', 'broker')
       ) as relation where relkind = 'r' group by name`,
    )
    const size = await db.query<{ bytes: number }>('select pg_database_size(current_database())::float8 as bytes')
    return { bytes: size.rows[0]!.bytes, tables: Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes])) }
  },

  /** The number of the broker's newest event; null if the broker does not keep its events in this database. */
  newestEvent: async (): Promise<number | null> => {
    const { rows } = await db.query<{ exists: boolean }>(`select to_regclass('broker.event') is not null as exists`)
    if (!rows[0]!.exists) return null
    return (await db.query<{ seq: number }>('select coalesce(max(seq), 0) as seq from broker.event')).rows[0]!.seq
  },

  /** The slots without a conclusion in the hours that begin in [from, to). */
  missedChecks: async (from: Date, to: Date): Promise<number> =>
    (
      await db.query<{ missed: number }>(
        'select coalesce(sum(missed), 0) as missed from probe_hour where missed > 0 and hour >= $1 and hour < $2',
        [from, to],
      )
    ).rows[0]!.missed,

  /** The messages that were sent or refused among those that were tried in [from, to). */
  messages: async (from: Date, to: Date): Promise<{ sent: number; refused: number }> =>
    (
      await db.query<{ sent: number; refused: number }>(
        `select count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'refused') as refused
         from message where tried_at >= $1 and tried_at < $2`,
        [from, to],
      )
    ).rows[0]!,
})

export type OperatorsFigures = ReturnType<typeof operatorsFiguresIn>

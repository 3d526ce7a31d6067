import type { Postgres } from '../connect.ts'

/** A record that a rule skipped because it is not valid: its store, its key in that store, and the fault. */
export interface SkippedRecord {
  /** A table of PostgreSQL (`follow`), or a collection of MongoDB (`show`). */
  store: string
  key: string
  reason: string
}

export type Skip = (record: SkippedRecord) => void

const keptDays = 30

/** The table `skipped_record`: the skipped records that were reported to the operators. */
export const skippedRecordsIn = (db: Postgres) => ({
  /** Returns those of `records` that were not reported in the last 30 days. */
  unreported: async (records: readonly SkippedRecord[], now: Date): Promise<SkippedRecord[]> => {
    await db.query(`delete from skipped_record where reported_at < $1::timestamptz - interval '${keptDays} days'`, [
      now,
    ])
    const { rows } = await db.query<Pick<SkippedRecord, 'store' | 'key'>>(
      `select store, key from skipped_record join unnest($1::text[], $2::text[]) as asked (store, key) using (store, key)`,
      [records.map(({ store }) => store), records.map(({ key }) => key)],
    )
    const known = new Set(rows.map(({ store, key }) => `${store} ${key}`))
    return records.filter(({ store, key }) => !known.has(`${store} ${key}`))
  },

  markReported: async (records: readonly SkippedRecord[], at: Date): Promise<void> => {
    await db.query(
      `insert into skipped_record (store, key, reason, reported_at)
       select store, key, reason, $4 from unnest($1::text[], $2::text[], $3::text[]) as one (store, key, reason)
       on conflict (store, key) do nothing`,
      [records.map(({ store }) => store), records.map(({ key }) => key), records.map(({ reason }) => reason), at],
    )
  },
})

export type SkippedRecords = ReturnType<typeof skippedRecordsIn>

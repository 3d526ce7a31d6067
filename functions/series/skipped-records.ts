import { createHash } from 'node:crypto'
import { cleanLine } from '#database/clean-text.ts'
import type { Skip, SkippedRecord, SkippedRecords } from '#database/operations/skipped-records.ts'
import type { Cause } from '#events/event.ts'
import { RecordSkipped } from '#events/record-skipped.ts'
import type { Publish } from '#functions/host/publish.ts'

/** A broken import may damage thousands of records. The operators need only the first ones. */
const maxReports = 20

/** The records that one run of a rule skipped because they are not usable. */
export interface Skipped {
  skip: Skip
  /** Publishes events for the records that are not reported to the operators yet, for at most `maxReports` of them. */
  report(cause: Cause, dependencies: { records: SkippedRecords; publish: Publish; now: Date }): Promise<void>
}

export const skippedRecords = (): Skipped => {
  const found = new Map<string, SkippedRecord>()
  return {
    skip: record => {
      const key = cleanLine(record.key, 200)
      const reason = cleanLine(record.reason, 600)
      if (found.size < 1_000) found.set(`${record.store} ${key}`, { store: record.store, key, reason })
    },
    report: async (cause, { records, publish, now }) => {
      if (found.size === 0) return
      const unreported = (await records.unreported([...found.values()], now)).slice(0, maxReports)
      if (unreported.length === 0) return
      await publish(unreported.map(record => skippedEvent(cause, record, now)))
      await records.markReported(unreported, now)
    },
  }
}

/** The event that reports one record. */
export const skippedEvent = (cause: Cause, record: SkippedRecord, now: Date) => {
  const name = createHash('sha256').update(record.key).digest('hex').slice(0, 16)
  return RecordSkipped.from(cause, {
    id: `skipped/${record.store}/${name}@${now.toISOString().slice(0, 10)}`,
    subject: `record/${record.store}`,
    data: { ...record },
  })
}

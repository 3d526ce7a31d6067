import Type from 'typebox'
import { defineEvent } from './event.ts'

/**
 * A rule skipped a record that is not valid and handled all others. The event is for the operators and is published
 * once for each record. Subject `record/follow`, id `skipped/follow/<hash of the key>@<day>`.
 */
export const RecordSkipped = defineEvent(
  'record.skipped',
  1,
  Type.Object({
    /** A table of PostgreSQL, or a collection of MongoDB. */
    store: Type.String({ maxLength: 60 }),
    /** The key of the record in the store. */
    key: Type.String({ maxLength: 200 }),
    reason: Type.String({ maxLength: 600 }),
  }),
)

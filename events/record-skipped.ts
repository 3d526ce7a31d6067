import Type from 'typebox'
import { defineEvent } from './event.ts'

/**
 * A rule skipped one record, because the record is not valid, and handled all others. The event is for the operators.
 * A record has at most one event a day. Subject `record/follow`, id `skipped/follow/<hash of the key>@<day>`.
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

import Type from 'typebox'
import { defineEvent } from './event.ts'

/**
 * A rule left out a record that cannot be used, and served everybody else: the operators should know. Published once for each record.
 * Subject `record/follow`, id `skipped/follow/<hash of the key>@<day>`.
 */
export const RecordSkipped = defineEvent(
  'record.skipped',
  1,
  Type.Object({
    /** A table of PostgreSQL, or a collection of MongoDB. */
    store: Type.String({ maxLength: 60 }),
    /** What names the record there. */
    key: Type.String({ maxLength: 200 }),
    reason: Type.String({ maxLength: 600 }),
  }),
)

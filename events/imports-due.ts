import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'

/**
 * Imports wait for their next part, or their follows for the first fetch. Published once a minute by
 * probe-scheduler while there are such imports. Subject `imports`, id `imports@<at>`.
 */
export const ImportsDue = defineEvent(
  'imports.due',
  1,
  Type.Object({
    /** The start of the minute to which the tick belongs, UTC. */
    at: Instant,
  }),
)

import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'

const Count = Type.Integer({ minimum: 0 })

/**
 * The daily report for the operators of the installation. Subject `operators`, id `operators/report@<time at which it
 * was due>`.
 */
export const OperatorsReport = defineEvent(
  'operators.report',
  1,
  Type.Object({
    from: Instant,
    to: Instant,
    monitors: Type.Object({ up: Count, down: Count, new: Count, paused: Count }),
    /** Checks of the period without a conclusion, because of a fault on our side. */
    missedChecks: Count,
    /**
     * How late the checks in the last five minutes of the period began, in seconds: half of the checks were at most
     * `half` late, 99 % of them at most `most`, and all of them at most `all`. All three are 0 if no check began.
     */
    latenessS: Type.Object({ half: Type.Number(), most: Type.Number(), all: Type.Number() }),
    /** How many messages Telegram accepted in the period, how many it refused, and how many wait now. */
    messages: Type.Object({ sent: Count, refused: Count, waiting: Count }),
    /** The dead letters of the period by kind, the most frequent first; `otherDeadLetters`: those of further kinds. */
    deadLetters: Type.Array(Type.Object({ fingerprint: Type.String(), trigger: Type.String(), count: Count }), {
      maxItems: 20,
    }),
    otherDeadLetters: Count,
    /**
     * The number of events since the last report; null if it is unknown, for example because the broker does not keep
     * its events in this database.
     */
    events: Type.Union([Count, Type.Null()]),
    /** The size of the whole database, and of the five largest tables, in bytes. `grown` is since the last report. */
    database: Type.Object({ bytes: Count, grown: Type.Union([Type.Integer(), Type.Null()]) }),
    tables: Type.Array(
      Type.Object({ name: Type.String(), bytes: Count, grown: Type.Union([Type.Integer(), Type.Null()]) }),
      { maxItems: 5 },
    ),
  }),
)

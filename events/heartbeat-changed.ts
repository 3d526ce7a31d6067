import Type from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, Instant } from './fields.ts'

/**
 * A heartbeat changed its state: a ping is late, the job reported a failure, or the job pings again; or its runs have
 * become slow, or are no longer slow. Subject
 * `monitor/42`, id `monitor/42@2026-11-21T12:05:20.000Z/heartbeat.changed` with the time of the change.
 */
export const HeartbeatChanged = defineEvent(
  'heartbeat.changed',
  1,
  Type.Object({
    monitorId: BigintId,
    /** When the ping came, or the deadline that has passed. The monitor and this time identify the change. */
    at: Instant,
    ok: Type.Boolean(),
    /** Why the heartbeat is down: a code of events/probe-error.ts; null if ok. */
    error: Type.Union([Type.String(), Type.Null()]),
    /** The exit code of the failed job, if it is known. */
    exitCode: Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), Type.Null()]),
    /** The last run took more than three times as long as usual: its duration and the median of the runs before it. */
    slowRun: Type.Optional(Type.Object({ ms: Type.Integer({ minimum: 0 }), usualMs: Type.Integer({ minimum: 0 }) })),
  }),
)

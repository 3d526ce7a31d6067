import Type from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, Instant } from './fields.ts'

/**
 * A monitor that is up has become slow, or its certificate expires soon; or this is over. Subject `monitor/42`, id
 * `monitor/42/monitor.degraded/slow@2026-11-21T12:05:20.000Z` or
 * `monitor/42/monitor.degraded/certificate@2026-12-05T00:00:00.000Z/14`.
 */
export const MonitorDegraded = defineEvent(
  'monitor.degraded',
  1,
  Type.Object({
    monitorId: BigintId,
    name: Type.String(),
    url: Type.String(),
    reason: Type.Union([Type.Literal('slow'), Type.Literal('certificate')]),
    state: Type.Union([Type.Literal('began'), Type.Literal('ended')]),
    /** slow: since when. */
    since: Type.Optional(Instant),
    /** slow: the time of the check that confirmed it, milliseconds; of a heartbeat, the duration of the slow run. */
    totalMs: Type.Optional(Type.Number({ minimum: 0 })),
    /** slow: only of a heartbeat, whose job takes long; the usual duration of a run, milliseconds. */
    run: Type.Optional(Type.Object({ usualMs: Type.Optional(Type.Number({ minimum: 0 })) })),
    /** certificate: when it expires, and the smallest of 30, 14, 7 and 1 days within which that is. */
    expiresAt: Type.Optional(Instant),
    days: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
)

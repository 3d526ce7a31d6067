import Type from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, ChatId } from './fields.ts'

/**
 * The result of the first check of a new monitor, or of a check that a person requested. A scheduled check does not
 * publish this event. Subject `monitor/42`.
 */
export const ProbeFinished = defineEvent(
  'probe.finished',
  1,
  Type.Object({
    monitorId: BigintId,
    name: Type.String(),
    url: Type.String(),
    chatId: ChatId,
    /** The forum topic that gets the message about the result. */
    threadId: Type.Optional(BigintId),
    /** now: a person asked for the check; first: the first check of a new monitor. */
    reason: Type.Union([Type.Literal('now'), Type.Literal('first')]),
    ok: Type.Boolean(),
    /** HTTP status; null for tcp, and if there was no response. */
    status: Type.Union([Type.Integer(), Type.Null()]),
    /** Why the check failed: a code of events/probe-error.ts; null if ok. */
    error: Type.Union([Type.String(), Type.Null()]),
    totalMs: Type.Integer({ minimum: 0 }),
    /** A warning about a site that is up: a code of events/probe-error.ts. */
    warning: Type.Optional(Type.String()),
  }),
)

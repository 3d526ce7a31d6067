import Type from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, ChatId } from './fields.ts'

/** The answer to a check that a person waits for; slots of the grid do not publish it. Subject `monitor/42`. */
export const ProbeFinished = defineEvent(
  'probe.finished',
  1,
  Type.Object({
    monitorId: BigintId,
    name: Type.String(),
    url: Type.String(),
    chatId: ChatId,
    /** The topic of a forum in which the person waits. */
    threadId: Type.Optional(BigintId),
    reason: Type.Union([Type.Literal('now'), Type.Literal('first')]),
    ok: Type.Boolean(),
    /** HTTP status, or null (tcp, no answer). */
    status: Type.Union([Type.Integer(), Type.Null()]),
    /** Why it failed, in stable codes (see events/probe-error.ts); null when ok. */
    error: Type.Union([Type.String(), Type.Null()]),
    totalMs: Type.Integer({ minimum: 0 }),
    /** What is worth knowing although it is up, in stable codes (see events/probe-error.ts). */
    warning: Type.Optional(Type.String()),
  }),
)

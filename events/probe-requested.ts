import Type, { type Static } from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, ChatId, Instant } from './fields.ts'

/** One check to run. It has everything that the prober needs, so the prober reads no table before it dials. */
export const Check = Type.Object({
  monitorId: BigintId,
  kind: Type.Union([Type.Literal('http'), Type.Literal('tcp')]),
  /**
   * `https://example.org/health` or `tcp://example.org:5432`. It comes from a user, so it is dialled only by
   * functions/dial.
   */
  url: Type.String({ maxLength: 2048 }),
  /** Timeout of one attempt, milliseconds. */
  timeoutMs: Type.Integer({ minimum: 100, maximum: 120_000 }),
  intervalS: Type.Integer({ minimum: 10, maximum: 86_400 }),
  /** The slot: when the check is due, UTC. The monitor and the slot together identify the result. */
  dueAt: Instant,
  /** The monitor was down when the slot was planned, so another failure changes nothing. */
  down: Type.Optional(Type.Boolean()),
})
export type Check = Static<typeof Check>

/** Checks to run, at most 50. Subject `shard/3` for slots, `monitor/42` for a check that a person requested. */
export const ProbeRequested = defineEvent(
  'probe.requested',
  1,
  Type.Object({
    /** slot: planned by the schedule; now: a person pressed "check now"; first: the monitor is new. */
    reason: Type.Union([Type.Literal('slot'), Type.Literal('now'), Type.Literal('first')]),
    checks: Type.Array(Check, { minItems: 1, maxItems: 50 }),
    /** The chat for the answer (`now`, `first`). */
    chatId: Type.Optional(ChatId),
    /** The topic of the forum for the answer. */
    threadId: Type.Optional(BigintId),
  }),
)

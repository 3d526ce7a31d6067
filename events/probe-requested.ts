import Type, { type Static } from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, ChatId, Instant } from './fields.ts'

/** One check to run: everything the prober needs, so that it looks nothing up before it dials. */
export const Check = Type.Object({
  monitorId: BigintId,
  kind: Type.Union([Type.Literal('http'), Type.Literal('tcp')]),
  /** `https://example.org/health`, or `tcp://example.org:5432`. As the user gave it: never trusted, always dialled safely. */
  url: Type.String({ maxLength: 2048 }),
  /** Total deadline of one attempt, milliseconds. */
  timeoutMs: Type.Integer({ minimum: 100, maximum: 120_000 }),
  intervalS: Type.Integer({ minimum: 10, maximum: 86_400 }),
  /** The slot: when the check is due, UTC. Together with the monitor it names the result. */
  dueAt: Instant,
  /** It was down when the slot was planned: that it still is would be no news. */
  down: Type.Optional(Type.Boolean()),
})
export type Check = Static<typeof Check>

/** Checks to run, at most 50. Subject `shard/3` for slots, `monitor/42` for what a person asked for. */
export const ProbeRequested = defineEvent(
  'probe.requested',
  1,
  Type.Object({
    /** slot: the grid says so; now: somebody pressed "check now"; first: the monitor is new. */
    reason: Type.Union([Type.Literal('slot'), Type.Literal('now'), Type.Literal('first')]),
    checks: Type.Array(Check, { minItems: 1, maxItems: 50 }),
    /** Who waits for the answer (`now`, `first`). */
    chatId: Type.Optional(ChatId),
    /** The topic of a forum in which they wait. */
    threadId: Type.Optional(BigintId),
  }),
)

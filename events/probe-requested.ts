import Type, { type Static } from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, ChatId, Instant } from './fields.ts'

/**
 * One check to run. It has everything about the monitor that the prober needs, except the secrets. Before the prober
 * dials, it reads PostgreSQL only for secrets, and for overdue checks, because their results may already be stored.
 */
export const Check = Type.Object({
  monitorId: BigintId,
  /** The kind of check: a file of functions/checks. */
  kind: Type.Union([
    Type.Literal('http'),
    Type.Literal('tcp'),
    Type.Literal('tls'),
    Type.Literal('dns'),
    Type.Literal('ping'),
    Type.Literal('websocket'),
    Type.Literal('grpc'),
  ]),
  /**
   * `https://example.org/health` or `tcp://example.org:5432`. It comes from a user, so it is dialled only by
   * functions/dial.
   */
  url: Type.String({ maxLength: 2048 }),
  /** Timeout of one attempt, milliseconds. */
  timeoutMs: Type.Integer({ minimum: 100, maximum: 120_000 }),
  intervalS: Type.Integer({ minimum: 10, maximum: 86_400 }),
  /**
   * The settings of the kind, valid by the schema of the kind (functions/checks); absent if all have their defaults.
   */
  settings: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  /**
   * The monitor has secrets. The prober reads them from PostgreSQL. Events do not contain them, because events are
   * stored and shown.
   */
  hasSecrets: Type.Optional(Type.Boolean()),
  /** How many attempts must fail before the monitor is down; `defaultConfirmations` if absent. */
  confirmations: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
  /** How many attempts must succeed before the monitor is up again; `defaultRecoveries` if absent. */
  recoveries: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
  /** The slot: when the check is due, UTC. The monitor and the slot together identify the result. */
  dueAt: Instant,
  /** The monitor was down when the slot was planned, so another failure changes nothing. */
  down: Type.Optional(Type.Boolean()),
})
export type Check = Static<typeof Check>
export type CheckKind = Check['kind']

export const defaultConfirmations = 3
export const defaultRecoveries = 2

/** Checks to run, at most 50. Subject `shard/3` for slots, `monitor/42` for a check that a person requested. */
export const ProbeRequested = defineEvent(
  'probe.requested',
  1,
  Type.Object({
    /**
     * slot: planned by the schedule; now: a person pressed "check now"; first: the monitor is new; parent: a monitor
     * that depends on this one failed.
     */
    reason: Type.Union([Type.Literal('slot'), Type.Literal('now'), Type.Literal('first'), Type.Literal('parent')]),
    checks: Type.Array(Check, { minItems: 1, maxItems: 50 }),
    /** The chat for the answer (`now`, `first`). */
    chatId: Type.Optional(ChatId),
    /** The topic of the forum for the answer. */
    threadId: Type.Optional(BigintId),
  }),
)

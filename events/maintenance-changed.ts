import Type from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, ChatId, Instant } from './fields.ts'

/**
 * Maintenance will start soon, has started, or has ended. Subject `maintenance-window/5`, id
 * `maintenance-window/5/maintenance.changed/started`.
 */
export const MaintenanceChanged = defineEvent(
  'maintenance.changed',
  1,
  Type.Object({
    windowId: BigintId,
    chatId: ChatId,
    /** The topic of the forum that gets the message. */
    threadId: Type.Optional(BigintId),
    phase: Type.Union([Type.Literal('announced'), Type.Literal('started'), Type.Literal('ended')]),
    /** A name for people, or ''. */
    title: Type.String(),
    startsAt: Instant,
    endsAt: Instant,
    /** What it concerns: one monitor, a group, or all monitors of the chat. */
    scope: Type.Union([Type.Literal('monitor'), Type.Literal('group'), Type.Literal('all')]),
    /** The name of the group. */
    group: Type.Optional(Type.String()),
    /** The number of monitors, and the first of their names. */
    monitors: Type.Object({ count: Type.Integer({ minimum: 0 }), names: Type.Array(Type.String(), { maxItems: 10 }) }),
  }),
)

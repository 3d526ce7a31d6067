import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId, Instant } from './fields.ts'

/**
 * A report for one chat is due, or a person asked for one. Subject `chat/7`. The id of the event is the key of the
 * stored report. For a report that is due, the id is `chat/7/report@<time at which it was due>`, so two ticks request
 * the same report.
 */
export const ReportRequested = defineEvent(
  'report.requested',
  1,
  Type.Object({
    chatId: ChatId,
    language: Type.Union([Type.Literal('pt-BR'), Type.Literal('en')]),
    /** IANA name. */
    zone: Type.String({ minLength: 1 }),
    /** The length of the period: a day, a week, or (about the seen episodes only) a calendar year. */
    frequency: Type.Union([Type.Literal('daily'), Type.Literal('weekly'), Type.Literal('yearly')]),
    theme: Type.Union([Type.Literal('light'), Type.Literal('dark')]),
    /** The period. */
    from: Instant,
    to: Instant,
    /** A person asked for the report and waits for it. */
    onDemand: Type.Boolean(),
    /** The topic of the forum. */
    threadId: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
)

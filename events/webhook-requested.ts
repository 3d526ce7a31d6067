import Type from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, Instant } from './fields.ts'

/**
 * A webhook has to be told something. Subject `webhook/5`, id `<id of the cause>/webhook.requested/5`. The event has
 * neither the URL nor the secret of the webhook.
 */
export const WebhookRequested = defineEvent(
  'webhook.requested',
  1,
  Type.Object({
    webhookId: BigintId,
    /** What happened: `incident.opened`. */
    type: Type.String({ minLength: 1 }),
    /** When it happened. */
    timestamp: Instant,
    /** What the receiver gets as `data`. */
    payload: Type.Record(Type.String(), Type.Unknown()),
  }),
)

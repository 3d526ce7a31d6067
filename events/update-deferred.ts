import Type from 'typebox'
import { defineEvent } from './event.ts'

/**
 * A Telegram update whose handling failed too often. The webhook answered 200, so that Telegram delivers the next
 * update of the chat. From then on the broker retries the update, and at last stores it as a dead letter. Subject
 * `update/<update id>`.
 */
export const UpdateDeferred = defineEvent(
  'update.deferred',
  1,
  Type.Object({
    /** The update as Telegram sent it. */
    update: Type.Object({ update_id: Type.Integer() }, { additionalProperties: true }),
    /**
     * HMAC-SHA256 (hex) of the update's JSON with the webhook secret. It proves that the event comes from Vigia. The
     * proof is needed, because anyone on the Internet can send an event to `telegram-webhook`.
     */
    signature: Type.String(),
  }),
)

import Type from 'typebox'
import { defineEvent } from './event.ts'

/**
 * A Telegram update that failed too often in its own request: Telegram got its 200, so that the chat's next update is not held
 * up, and the broker takes over with its retries and, in the end, the dead letters. Subject `update/<update id>`.
 */
export const UpdateDeferred = defineEvent(
  'update.deferred',
  1,
  Type.Object({
    /** The update, as Telegram sent it. */
    update: Type.Object({ update_id: Type.Integer() }, { additionalProperties: true }),
    /** HMAC-SHA256 of the update's JSON with the webhook secret, hex: the function is public, so an event must prove where it is from. */
    signature: Type.String(),
  }),
)

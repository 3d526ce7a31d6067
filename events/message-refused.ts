import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId } from './fields.ts'
import { maxInteger } from './ranges.ts'

/**
 * Telegram refused this message, or Vigia gave it up because Telegram did not answer, or Telegram accepted it only in a
 * plainer form because of an error on our side. The operators get a message about it. Subject `chat/7`.
 */
export const MessageRefused = defineEvent(
  'message.refused',
  1,
  Type.Object({
    chatId: ChatId,
    /** The id of the message.requested. */
    message: Type.String(),
    /** Telegram's error code. If Vigia gave the message up: 504 without a response, 400 for an invalid message. */
    code: Type.Integer({ minimum: -maxInteger, maximum: maxInteger }),
    /** Telegram's error description, or why Vigia gave the message up. Without tokens. */
    reason: Type.String(),
  }),
)

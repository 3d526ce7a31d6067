import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId } from './fields.ts'
import { maxInteger } from './ranges.ts'

/** Telegram will never take this message, or took it only in a plainer form because of a fault of ours: the operators should know. Subject `chat/7`. */
export const MessageRefused = defineEvent(
  'message.refused',
  1,
  Type.Object({
    chatId: ChatId,
    /** The id of the message.requested. */
    message: Type.String(),
    /** Telegram's error code. */
    code: Type.Integer({ minimum: -maxInteger, maximum: maxInteger }),
    /** Telegram's words, without tokens. */
    reason: Type.String(),
  }),
)

import Type, { type Static } from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId } from './fields.ts'

/** A button under a message: with `data` (1 to 64 bytes, comes back as a callback query) or with a `url`. */
export const Button = Type.Union([
  Type.Object({ text: Type.String(), data: Type.String({ minLength: 1, maxLength: 64 }) }),
  Type.Object({ text: Type.String(), url: Type.String() }),
])
export type Button = Static<typeof Button>

/**
 * One message to one chat, worded and in its language already. The event's id is the key of the outbox: the same id is sent once.
 * Subject `chat/7`.
 */
export const MessageRequested = defineEvent(
  'message.requested',
  1,
  Type.Object({
    chatId: ChatId,
    /** Telegram HTML (only b, i, u, s, a, code, pre, blockquote), at most 4096 characters after parsing. */
    html: Type.String({ minLength: 1 }),
    /** Sent as a photo with the text as caption (at most 1024 characters), when it can be; else as text. */
    photo: Type.Optional(Type.String()),
    buttons: Type.Optional(Type.Array(Type.Array(Button))),
    /** Id of the message.requested this one replies to; ignored where that one was never sent. */
    replyTo: Type.Optional(Type.String()),
    /** Without a sound. */
    silent: Type.Optional(Type.Boolean()),
    /** The topic of a forum to send it to; General where that topic takes nothing. */
    threadId: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Not sent before this instant, because Telegram asked for a wait in this chat; RFC 3339. */
    notBefore: Type.Optional(Type.String()),
  }),
)

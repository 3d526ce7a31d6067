import Type, { type Static } from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, ChatId } from './fields.ts'

/**
 * A button under a message: with a `url`, with a text to `copy`, or with `data` (1 to 64 bytes; Telegram sends it back
 * as a callback query).
 */
export const Button = Type.Union([
  Type.Object({ text: Type.String(), data: Type.String({ minLength: 1, maxLength: 64 }) }),
  Type.Object({ text: Type.String(), url: Type.String() }),
  Type.Object({ text: Type.String(), copy: Type.String({ minLength: 1, maxLength: 256 }) }),
])
export type Button = Static<typeof Button>

/**
 * One message to one chat, complete and in the language of the chat. The id of the event is the key of the outbox: a
 * message with the same id is sent once. Subject `chat/7`.
 */
export const MessageRequested = defineEvent(
  'message.requested',
  1,
  Type.Object({
    chatId: ChatId,
    /** Telegram HTML (only b, i, u, s, a, code, pre, blockquote, tg-time), at most 4096 characters after parsing. */
    html: Type.String({ minLength: 1 }),
    /**
     * The URL of a photo. The text is its caption (at most 1024 characters); if that is not possible, only the text is
     * sent.
     */
    photo: Type.Optional(Type.String()),
    /** The id of a stored report whose picture is the photo, instead of `photo`. */
    reportPicture: Type.Optional(BigintId),
    buttons: Type.Optional(Type.Array(Type.Array(Button))),
    /** The id of the message.requested to which this message replies; ignored if that message was never sent. */
    replyTo: Type.Optional(Type.String()),
    /** Deliver without a sound. */
    silent: Type.Optional(Type.Boolean()),
    /** The topic of the forum. The message goes to General if the topic accepts no messages. */
    threadId: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Do not send before this instant (RFC 3339), because Telegram asked for a wait in this chat. */
    notBefore: Type.Optional(Type.String()),
    /** The monitor whose outage the buttons answer: `monitor/42`. */
    outage: Type.Optional(Type.String()),
    /**
     * The monitor whose outage is over: the buttons that answer it are removed from the earlier messages in the chat.
     */
    endsOutage: Type.Optional(Type.String()),
  }),
)

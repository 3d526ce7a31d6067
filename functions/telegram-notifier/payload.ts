import type { DataOf } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { cut, plain, visibleLength } from '#functions/telegram/html.ts'
import { inlineKeyboard, maxCaptionLength, maxTextLength } from '#functions/telegram/message.ts'
import { smallerPoster } from '#functions/tvmaze/poster.ts'
import type { Part } from './refusal-action.ts'

/** Limits far below Telegram's, for a message that Telegram counted as too long although we did not. */
const shortTextLength = 2000
const shortCaptionLength = 1000

/**
 * The content of one sendMessage or sendPhoto. It starts as requested; each refusal takes the part away that Telegram
 * refused.
 */
export interface Payload {
  html: string
  /** False: the text is sent without formatting. */
  markup: boolean
  /** The most visible characters of the text. */
  maxLength: number
  photo?: string
  buttons?: DataOf<typeof MessageRequested>['buttons']
  /** Telegram's id of the message it replies to. */
  replyTo?: number
  /** The topic it goes to; without one it is General, or the topic of the message it replies to. */
  threadId?: number
  silent: boolean
}

/** The payload as requested. It has the photo only where the text fits into a caption. */
export const payloadOf = (request: DataOf<typeof MessageRequested>, replyTo: number | null): Payload => ({
  html: request.html,
  markup: true,
  maxLength: maxTextLength,
  silent: request.silent ?? false,
  ...(request.photo !== undefined && visibleLength(request.html) <= maxCaptionLength ? { photo: request.photo } : {}),
  ...(request.buttons !== undefined && request.buttons.length > 0 ? { buttons: request.buttons } : {}),
  ...(replyTo === null ? {} : { replyTo }),
  // General is topic 1, but Telegram refuses 1 as message_thread_id.
  ...(request.threadId === undefined || request.threadId === 1 ? {} : { threadId: request.threadId }),
})

/** The payload without the part that Telegram refused, or null when the payload does not have this part (any more). */
export const withoutPart = (payload: Payload, part: Part): Payload | null => {
  switch (part) {
    case 'markup':
      return payload.markup ? { ...payload, markup: false } : null
    case 'length':
      return payload.maxLength === maxTextLength
        ? { ...payload, maxLength: payload.photo === undefined ? shortTextLength : shortCaptionLength }
        : null
    case 'photo': {
      const { photo, ...rest } = payload
      if (photo === undefined) return null
      const smaller = smallerPoster(photo)
      return smaller === undefined ? rest : { ...rest, photo: smaller }
    }
    case 'buttons': {
      const { buttons, ...rest } = payload
      return buttons === undefined ? null : rest
    }
    case 'reply': {
      const { replyTo, ...rest } = payload
      return replyTo === undefined ? null : rest
    }
    case 'topic': {
      // The reply goes too, because Telegram puts a reply into the topic of the message it replies to.
      const { threadId, replyTo, ...rest } = payload
      return threadId === undefined && replyTo === undefined ? null : rest
    }
    default:
      return part satisfies never
  }
}

/** The method and the parameters that send the payload to a chat. */
export const apiCallFor = (payload: Payload, chatId: number): { method: string; params: Record<string, unknown> } => {
  const shortened = cut(payload.html, payload.maxLength)
  const text = payload.markup ? shortened : plain(shortened)
  return {
    method: payload.photo === undefined ? 'sendMessage' : 'sendPhoto',
    params: {
      chat_id: chatId,
      ...(payload.photo === undefined
        ? { text, link_preview_options: { is_disabled: true } }
        : { photo: payload.photo, caption: text }),
      ...(payload.markup ? { parse_mode: 'HTML' } : {}),
      ...(payload.threadId === undefined ? {} : { message_thread_id: payload.threadId }),
      ...(payload.silent ? { disable_notification: true } : {}),
      ...(payload.replyTo === undefined
        ? {}
        : { reply_parameters: { message_id: payload.replyTo, allow_sending_without_reply: true } }),
      ...(payload.buttons === undefined ? {} : { reply_markup: inlineKeyboard(payload.buttons) }),
    },
  }
}

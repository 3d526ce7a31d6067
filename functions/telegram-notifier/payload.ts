import type { DataOf } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import type { Upload } from '#functions/telegram/client.ts'
import { cut, type Html, plain, visibleLength } from '#functions/telegram/html.ts'
import { inlineKeyboard, maxCaptionLength, maxTextLength } from '#functions/telegram/message.ts'
import { smallerPoster } from '#functions/tvmaze/poster.ts'
import type { Part } from './refusal-action.ts'

/**
 * Limits below Telegram's. They are used when Telegram refuses a message as too long although Vigia counted no more
 * characters than Telegram allows.
 */
const shortTextLength = 2000
const shortCaptionLength = 1000

/** A photo: its URL, or the bytes of a stored picture. */
type Photo = string | Upload

/**
 * The content of one sendMessage or sendPhoto. At first it is as requested. After each refusal, the part that Telegram
 * refused is removed.
 */
export interface Payload {
  html: string
  /** Whether the text is sent with formatting. */
  markup: boolean
  /** The highest number of visible characters in the text. A longer text is cut. */
  maxLength: number
  photo?: Photo
  buttons?: DataOf<typeof MessageRequested>['buttons']
  /** Telegram's id of the message that this message replies to. */
  replyTo?: number
  /**
   * The topic to send the message to. Without a topic, the message goes to General, or to the topic of the message that
   * it replies to.
   */
  threadId?: number
  silent: boolean
}

/**
 * The payload as requested. `picture` is the stored picture, if the request names one. The photo is left out if the
 * text does not fit into a caption.
 */
export const payloadOf = (
  request: DataOf<typeof MessageRequested>,
  replyTo: number | null,
  picture: Upload | null = null,
): Payload => ({
  html: request.html,
  markup: true,
  maxLength: maxTextLength,
  silent: request.silent ?? false,
  ...photoOf(picture ?? request.photo, request.html),
  ...(request.buttons !== undefined && request.buttons.length > 0 ? { buttons: request.buttons } : {}),
  ...(replyTo === null ? {} : { replyTo }),
  // General is topic 1, but Telegram refuses 1 as message_thread_id.
  ...(request.threadId === undefined || request.threadId === 1 ? {} : { threadId: request.threadId }),
})

const photoOf = (photo: Photo | undefined, text: string): { photo?: Photo } =>
  photo !== undefined && visibleLength(text) <= maxCaptionLength ? { photo } : {}

/** The payload with a note below its text. The photo is left out if the text does not fit into a caption any more. */
export const withNote = ({ photo, ...payload }: Payload, note: Html): Payload => {
  const html = `${payload.html}\n\n${note}`
  return { ...payload, html, ...photoOf(photo, html) }
}

/**
 * The payload without the part that Telegram refused, or null if the payload does not have this part. For `length`, the
 * text is shortened; for `photo`, a smaller photo is tried first.
 */
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
      const smaller = typeof photo === 'string' ? smallerPoster(photo) : undefined
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
      // The reply is removed too, because Telegram puts a reply into the topic of the message that it replies to.
      const { threadId, replyTo, ...rest } = payload
      return threadId === undefined && replyTo === undefined ? null : rest
    }
    default:
      return part satisfies never
  }
}

interface ApiCall {
  method: string
  params: Record<string, unknown>
  files: Record<string, Upload>
}

/** The method, the parameters and the files that send the payload to a chat. */
export const apiCallFor = (payload: Payload, chatId: number): ApiCall => {
  const shortened = cut(payload.html, payload.maxLength)
  const text = payload.markup ? shortened : plain(shortened)
  return {
    method: payload.photo === undefined ? 'sendMessage' : 'sendPhoto',
    params: {
      chat_id: chatId,
      ...(payload.photo === undefined
        ? { text, link_preview_options: { is_disabled: true } }
        : { ...(typeof payload.photo === 'string' ? { photo: payload.photo } : {}), caption: text }),
      ...(payload.markup ? { parse_mode: 'HTML' } : {}),
      ...(payload.threadId === undefined ? {} : { message_thread_id: payload.threadId }),
      ...(payload.silent ? { disable_notification: true } : {}),
      ...(payload.replyTo === undefined
        ? {}
        : { reply_parameters: { message_id: payload.replyTo, allow_sending_without_reply: true } }),
      ...(payload.buttons === undefined ? {} : { reply_markup: inlineKeyboard(payload.buttons) }),
    },
    files: typeof payload.photo === 'object' ? { photo: payload.photo } : {},
  }
}

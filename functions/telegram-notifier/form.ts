import type { DataOf } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { cut, plain, visibleLength } from '#functions/telegram/html.ts'
import { smallerPoster } from '#functions/tvmaze/client.ts'
import type { Part } from './meaning.ts'

const TEXT_LIMIT = 4096
const CAPTION_LIMIT = 1024

/** A message as it could be sent. It begins as it was asked for and gets plainer when Telegram will not have it so. */
export interface Form {
  html: string
  markup: boolean
  limit: number
  photo?: string
  buttons?: DataOf<typeof MessageRequested>['buttons']
  /** Telegram's id of the message it replies to. */
  replyTo?: number
  /** The topic it goes to; without one it is General, or the topic of the message it replies to. */
  threadId?: number
  silent: boolean
}

/** The message as it was asked for; a photo only where the text fits under it. */
export const formOf = (request: DataOf<typeof MessageRequested>, replyTo: number | null): Form => ({
  html: request.html,
  markup: true,
  limit: TEXT_LIMIT,
  silent: request.silent ?? false,
  ...(request.photo !== undefined && visibleLength(request.html) <= CAPTION_LIMIT ? { photo: request.photo } : {}),
  ...(request.buttons !== undefined && request.buttons.length > 0 ? { buttons: request.buttons } : {}),
  ...(replyTo === null ? {} : { replyTo }),
  // General has no id of its own for sending.
  ...(request.threadId === undefined || request.threadId === 1 ? {} : { threadId: request.threadId }),
})

/** The same without the part that Telegram refused, or null when it has no such part (any more). */
export const plainer = (form: Form, without: Part): Form | null => {
  switch (without) {
    case 'markup':
      return form.markup ? { ...form, markup: false } : null
    case 'length':
      // Whoever counts differently than we do: well below every limit.
      return form.limit === TEXT_LIMIT ? { ...form, limit: form.photo === undefined ? 2000 : CAPTION_LIMIT - 24 } : null
    case 'photo': {
      const { photo, ...rest } = form
      if (photo === undefined) return null
      const smaller = smallerPoster(photo)
      return smaller === undefined ? rest : { ...rest, photo: smaller }
    }
    case 'buttons': {
      const { buttons, ...rest } = form
      return buttons === undefined ? null : rest
    }
    case 'reply': {
      const { replyTo, ...rest } = form
      return replyTo === undefined ? null : rest
    }
    case 'topic': {
      // A reply would go to the topic of the message it replies to.
      const { threadId, replyTo, ...rest } = form
      return threadId === undefined && replyTo === undefined ? null : rest
    }
    default:
      return without satisfies never
  }
}

const keyboard = (buttons: NonNullable<Form['buttons']>) => ({
  inline_keyboard: buttons.map(row =>
    row.map(button =>
      'url' in button ? { text: button.text, url: button.url } : { text: button.text, callback_data: button.data },
    ),
  ),
})

/** What to call, and with what. */
export const callFor = (form: Form, chatId: number): { method: string; params: Record<string, unknown> } => {
  const fitting = cut(form.html, form.limit)
  const text = form.markup ? fitting : plain(fitting)
  return {
    method: form.photo === undefined ? 'sendMessage' : 'sendPhoto',
    params: {
      chat_id: chatId,
      ...(form.photo === undefined
        ? { text, link_preview_options: { is_disabled: true } }
        : { photo: form.photo, caption: text }),
      ...(form.markup ? { parse_mode: 'HTML' } : {}),
      ...(form.threadId === undefined ? {} : { message_thread_id: form.threadId }),
      ...(form.silent ? { disable_notification: true } : {}),
      ...(form.replyTo === undefined
        ? {}
        : { reply_parameters: { message_id: form.replyTo, allow_sending_without_reply: true } }),
      ...(form.buttons === undefined ? {} : { reply_markup: keyboard(form.buttons) }),
    },
  }
}

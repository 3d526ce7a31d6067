import { encode } from '#functions/telegram/callback-data.ts'
import { cut, plain } from '#functions/telegram/html.ts'
import { inlineKeyboard, maxCaptionLength, maxTextLength } from '#functions/telegram/message.ts'
import { smallerPoster } from '#functions/tvmaze/poster.ts'
import type { Button, View } from './reply.ts'

/** A view as parameters of the Bot API. */
export interface ViewPayload {
  /** Whether the text is without formatting. */
  isPlain: boolean
  /** The addresses of the picture, in the order in which to try them. */
  photos: string[]
  text: Record<string, unknown>
  caption: Record<string, unknown>
  keyboard: Record<string, unknown>
}

/** Rows of buttons as the parameter `reply_markup` of the Bot API. */
export const keyboardOf = (buttons: readonly (readonly Button[])[]) =>
  inlineKeyboard(
    buttons.map(row =>
      row.map(button => ('press' in button ? { text: button.text, data: encode(button.press) } : button)),
    ),
  )

/** The view with its formatting, cut to the limits of Telegram. */
export const formattedPayload = (view: View): ViewPayload =>
  payloadOf(view, limit => cut(view.html, limit), { parse_mode: 'HTML' })

/** The view as plain text, for the case that Telegram cannot parse the formatting. */
export const plainPayload = (view: View): ViewPayload => payloadOf(view, limit => plain(view.html).slice(0, limit), {})

const payloadOf = (
  { photo, buttons = [] }: View,
  textUpTo: (limit: number) => string,
  mode: { parse_mode?: 'HTML' },
): ViewPayload => {
  const smaller = photo ? smallerPoster(photo) : undefined
  return {
    isPlain: mode.parse_mode === undefined,
    photos: [...(photo ? [photo] : []), ...(smaller ? [smaller] : [])],
    text: { text: textUpTo(maxTextLength), ...mode, link_preview_options: { is_disabled: true } },
    caption: { caption: textUpTo(maxCaptionLength), ...mode },
    keyboard: { reply_markup: keyboardOf(buttons) },
  }
}

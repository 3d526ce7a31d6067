/**
 * The longest text and the longest caption that Telegram accepts, in UTF-16 units after its parser has removed the
 * markup (core.telegram.org/bots/api).
 */
export const maxTextLength = 4096
export const maxCaptionLength = 1024

/**
 * A button under a message: it opens a page, copies a text (at most 256 characters), or sends `data` (at most 64 bytes)
 * back to the bot.
 */
export type InlineButton =
  | { text: string; url: string }
  | { text: string; copy: string }
  | { text: string; data: string }

/** Rows of buttons as the parameter `reply_markup` of the Bot API. */
export const inlineKeyboard = (rows: readonly (readonly InlineButton[])[]) => ({
  inline_keyboard: rows.map(row =>
    row.map(button => {
      if ('url' in button) return { text: button.text, url: button.url }
      return 'copy' in button
        ? { text: button.text, copy_text: { text: button.copy } }
        : { text: button.text, callback_data: button.data }
    }),
  ),
})

import type { Args } from './args.ts'
import type { InlineButton } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'
import { checkedLink } from './html.ts'

const maxButtons = 100
const maxMarkupBytes = 10_240

/** The inline keyboard of a call, or undefined if it has none. Throws Telegram's errors for an invalid keyboard. */
export const keyboardOf = (args: Args): InlineButton[][] | undefined => {
  if (!args.has('reply_markup')) return undefined
  const markup = args.json('reply_markup')
  if (markup === undefined) throw badRequest("can't parse reply keyboard markup JSON object")
  if (markup === null || typeof markup !== 'object' || Array.isArray(markup)) {
    throw badRequest('object expected as reply markup')
  }
  const given = (markup as { inline_keyboard?: unknown }).inline_keyboard
  if (given === undefined) return undefined
  if (!Array.isArray(given) || !given.every(row => Array.isArray(row))) {
    throw badRequest('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
  }
  const rows = given.map(row => (row as unknown[]).map(parseButton)).filter(row => row.length > 0)
  const buttons = rows.flat()
  if (buttons.length > maxButtons || Buffer.byteLength(JSON.stringify(rows)) > maxMarkupBytes) {
    throw badRequest('reply markup is too long')
  }
  for (const { callback_data } of buttons) {
    if (callback_data !== undefined && Buffer.byteLength(callback_data) > 64) throw badRequest('BUTTON_DATA_INVALID')
  }
  return rows
}

const parseButton = (given: unknown): InlineButton => {
  const refuse = (message: string) => badRequest(`can't parse inline keyboard button: ${message}`)
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    throw refuse('InlineKeyboardButton must be an Object')
  }
  const { text, url, callback_data, copy_text } = given as Record<string, unknown>
  if (text === undefined) throw refuse('Can\'t find field "text"')
  if (typeof text !== 'string') throw refuse('Field "text" must be of type String')
  if (typeof url === 'string' && url !== '') {
    const link = checkedLink(url)
    if (text === '') throw badRequest('inline keyboard button text must be non-empty')
    if (link === null) throw badRequest(`inline keyboard button URL '${url}' is invalid: Wrong HTTP URL`)
    return { text, url: link }
  }
  if (typeof callback_data === 'string' && callback_data !== '') {
    if (text === '') throw badRequest('inline keyboard button text must be non-empty')
    return { text, callback_data }
  }
  if (copy_text !== undefined) {
    const copied = (copy_text as { text?: unknown } | null)?.text
    if (typeof copied !== 'string') throw refuse('Can\'t find field "text"')
    if (copied === '' || copied.length > 256) throw badRequest('BUTTON_COPY_TEXT_INVALID')
    return { text, copy_text: { text: copied } }
  }
  throw refuse('Text buttons are unallowed in the inline keyboard')
}

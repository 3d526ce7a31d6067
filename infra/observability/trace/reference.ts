import { Refusal } from '#infra/refusal.ts'

/** What a person wants to trace: a message of a chat, or a text that is the id of an event or a part of a message. */
export type Reference = { chatId: number; messageId: number } | { text: string }

/** Telegram writes the id of a supergroup or a channel without this prefix in links. */
const supergroupPrefix = '-100'

/**
 * Reads `<chat id>/<message id>`, a link to a message of a group (`https://t.me/c/1234567890/55`, in a forum with the
 * topic before the message), a link to a private chat (`tg://openmessage?user_id=7&message_id=55`), or any other text.
 * Throws a Refusal for a link that does not tell the chat's id.
 */
export const referenceIn = (argument: string): Reference => {
  const [, chatId, messageId] = /^(-?\d{1,15})\/(\d{1,12})$/.exec(argument) ?? []
  if (chatId !== undefined) return { chatId: Number(chatId), messageId: Number(messageId) }
  const url = /^(https?|tg):\/\//.test(argument) && URL.canParse(argument) ? new URL(argument) : undefined
  const parts = url?.pathname.split('/').filter(Boolean) ?? []
  if (url?.protocol === 'tg:') {
    const [chat, message] = [url.searchParams.get('user_id'), url.searchParams.get('message_id')]
    if (chat && message && isNumber(chat) && isNumber(message))
      return { chatId: Number(chat), messageId: Number(message) }
    throw unknownLink(argument)
  }
  if (url === undefined || !['t.me', 'telegram.me'].includes(url.hostname)) return { text: argument }
  const [kind, group, ...ids] = parts
  if (kind === 'c' && isNumber(group) && (ids.length === 1 || ids.length === 2) && ids.every(isNumber))
    return { chatId: Number(`${supergroupPrefix}${group}`), messageId: Number(ids.at(-1)) }
  throw unknownLink(argument)
}

const isNumber = (text: string | undefined): boolean => text !== undefined && /^\d{1,15}$/.test(text)

const unknownLink = (link: string) =>
  new Refusal(
    `${link} does not have the id of the chat, which Vigia needs; use <chat id>/<message id>, or a part of the message's text`,
  )

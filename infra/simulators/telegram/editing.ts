import { messageToChange, writableChat } from './addressing.ts'
import type { Args } from './args.ts'
import type { InlineButton, Message } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'
import { keyboardOf } from './keyboard.ts'
import { inputPhoto } from './sending.ts'
import {
  apiMessage,
  type Bot,
  type Chat,
  notifyWatchers,
  type StoredMessage,
  type TelegramState,
  unixSeconds,
} from './state.ts'
import { captionText, messageText } from './text.ts'

/** A bot may delete a message until 48 hours after it was sent. */
const deletableForS = 48 * 3600

export const editMessageText = (state: TelegramState, bot: Bot, args: Args): Message => {
  const formatted = messageText(args)
  return edit(state, bot, args, message => {
    if (message.photo !== undefined) throw badRequest('there is no text in the message to edit')
    return { ...formatted, buttons: keyboardOf(args) ?? [] }
  })
}

export const editMessageCaption = (state: TelegramState, bot: Bot, args: Args): Message => {
  const formatted = captionText(args)
  return edit(state, bot, args, message => {
    if (message.photo === undefined) throw badRequest('there is no caption in the message to edit')
    return { ...formatted, buttons: keyboardOf(args) ?? [] }
  })
}

export const editMessageReplyMarkup = (state: TelegramState, bot: Bot, args: Args): Message =>
  edit(state, bot, args, () => ({ buttons: keyboardOf(args) ?? [] }))

export const editMessageMedia = (state: TelegramState, bot: Bot, args: Args): Message => {
  if (!args.has('media')) throw badRequest('input media is not specified')
  const media = args.json('media')
  if (media === undefined) throw badRequest("can't parse input media JSON object")
  const photo = inputPhoto(bot, media)
  return edit(state, bot, args, () => ({ ...photo, buttons: keyboardOf(args) ?? [] }))
}

export const deleteMessage = (state: TelegramState, bot: Bot, args: Args): true => {
  const chat = writableChat(state, bot, args)
  const message = messageToChange(chat, args, 'delete')
  const isRecent = unixSeconds(state.time) - message.date <= deletableForS
  const isAllowed = chat.kind === 'private' || message.from === null || chat.standing === 'administrator'
  if (!isRecent || !isAllowed) throw badRequest("message can't be deleted")
  message.deleted = true
  notifyWatchers(state, bot, chat.id)
  return true
}

const edit = (
  state: TelegramState,
  bot: Bot,
  args: Args,
  changeOf: (message: StoredMessage) => Partial<StoredMessage> & { buttons: InlineButton[][] },
): Message => {
  const chat: Chat = writableChat(state, bot, args)
  const message = messageToChange(chat, args, 'edit')
  if (message.from !== null) throw badRequest("message can't be edited")
  const change = changeOf(message)
  const isSame = Object.entries(change).every(
    ([key, value]) => JSON.stringify(value) === JSON.stringify(message[key as keyof StoredMessage]),
  )
  if (isSame) {
    throw badRequest(
      'message is not modified: specified new message content and reply markup are exactly the same as a current ' +
        'content and reply markup of the message',
    )
  }
  bot.rates.spend(chat.id, chat.kind !== 'private')
  Object.assign(message, change, { editDate: unixSeconds(state.time) })
  notifyWatchers(state, bot, chat.id)
  return apiMessage(state, bot, chat, message)
}

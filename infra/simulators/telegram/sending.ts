import { replyOf, threadOf, writableChat } from './addressing.ts'
import type { Args } from './args.ts'
import type { Message, PhotoSize } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'
import { keyboardOf } from './keyboard.ts'
import {
  addMessage,
  apiMessage,
  type Bot,
  type Chat,
  fingerprint,
  type StoredMessage,
  type TelegramState,
} from './state.ts'
import { captionText, messageText } from './text.ts'

const maxUploadBytes = 10 * 1024 * 1024

export const sendMessage = (state: TelegramState, bot: Bot, args: Args): Message => {
  const formatted = messageText(args)
  return send(state, bot, args, formatted)
}

export const sendPhoto = (state: TelegramState, bot: Bot, args: Args): Message => {
  const formatted = captionText(args)
  return send(state, bot, args, { ...formatted, photo: photoOf(bot, args.text('photo'), args) })
}

export const sendMediaGroup = (state: TelegramState, bot: Bot, args: Args): Message[] => {
  const media = args.json('media')
  if (!Array.isArray(media))
    throw badRequest(args.has('media') ? 'expected an Array of InputMedia' : 'there are no media to send')
  if (media.length < 2 || media.length > 10)
    throw badRequest('wrong number of media in the album: 2 to 10 are expected')
  const items = media.map(item => inputPhoto(bot, item, args))
  const chat = chatToSendTo(state, bot, args)
  return items.map(item =>
    apiMessage(state, bot, chat, addMessage(state, bot, chat, { ...sentByBot(chat, args), ...item })),
  )
}

/** The photo of an InputMedia with its caption. */
export const inputPhoto = (
  bot: Bot,
  given: unknown,
  args: Args,
): Pick<StoredMessage, 'text' | 'entities'> & WithPhoto => {
  if (given === null || typeof given !== 'object') throw badRequest("can't parse InputMedia: expected an Object")
  const media = given as Record<string, unknown>
  if (media.type !== 'photo') throw badRequest(`can't parse InputMedia: type "${String(media.type)}" is unsupported`)
  const formatted = captionText(argsOfMedia(args, media))
  return { ...formatted, photo: photoOf(bot, String(media.media ?? ''), args) }
}

const argsOfMedia = (args: Args, given: Record<string, unknown>): Args => ({
  ...args,
  text: name => {
    const value = given[name]
    return value === undefined || value === null
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value)
  },
  json: name => given[name],
})

interface WithPhoto {
  photo: NonNullable<StoredMessage['photo']>
}

/** A photo by URL, by file_id, or uploaded with the call. */
const photoOf = (bot: Bot, given: string, args: Args): WithPhoto['photo'] => {
  const upload = args.file(given.startsWith('attach://') ? given.slice(9) : 'photo')
  if (upload !== undefined) {
    if (upload.size === 0) throw badRequest('file must be non-empty')
    if (upload.size > maxUploadBytes) throw badRequest('file is too big')
    return storedPhoto(bot, `upload:${upload.name}:${upload.size}`)
  }
  if (given === '') throw badRequest('there is no photo in the request')
  const known = bot.files.get(given)
  if (known !== undefined) return { url: given, sizes: known }
  if (!/^https?:\/\//i.test(given)) throw badRequest('wrong file identifier/HTTP URL specified')
  bot.photos.check(given)
  return storedPhoto(bot, given)
}

const storedPhoto = (bot: Bot, url: string): WithPhoto['photo'] => {
  const sizes: PhotoSize[] = [
    [90, 127],
    [210, 295],
  ].map(([width = 0, height = 0]) => ({
    // An id is worth something to one bot only, as on Telegram.
    file_id: `AgACAgIAAx${fingerprint(`${bot.id} ${url} ${width}`, 46)}`,
    file_unique_id: `AQAD${fingerprint(`${url} ${width}`, 12)}`,
    width,
    height,
    file_size: width * height,
  }))
  for (const { file_id } of sizes) bot.files.set(file_id, sizes)
  return { url, sizes }
}

const send = (
  state: TelegramState,
  bot: Bot,
  args: Args,
  content: Pick<StoredMessage, 'text' | 'entities'> & Partial<WithPhoto>,
): Message => {
  const buttons = keyboardOf(args) ?? []
  const chat = chatToSendTo(state, bot, args)
  const message = addMessage(state, bot, chat, { ...sentByBot(chat, args), ...content, buttons })
  return apiMessage(state, bot, chat, message)
}

const chatToSendTo = (state: TelegramState, bot: Bot, args: Args): Chat => {
  const chat = writableChat(state, bot, args)
  bot.rates.spend(chat.id, chat.kind !== 'private')
  return chat
}

const sentByBot = (chat: Chat, args: Args) => {
  const replyTo = replyOf(chat, args)
  const threadId = threadOf(chat, args, replyTo)
  return {
    from: null,
    buttons: [],
    silent: args.flag('disable_notification'),
    ...(threadId === undefined ? {} : { threadId }),
    ...(replyTo === undefined ? {} : { replyTo }),
  }
}

import { createHash } from 'node:crypto'
import { replyOf, threadOf, writableChat } from './addressing.ts'
import { type Args, argsOf } from './args.ts'
import type { Message, PhotoSize } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'
import { documents, storedDocument } from './files.ts'
import { imageSize } from './image-size.ts'
import { keyboardOf } from './keyboard.ts'
import { addMessage, apiMessage, type Bot, type StoredMessage, type TelegramState } from './state.ts'
import { captionText, messageText } from './text.ts'

const maxUploadBytes = 10 * 1024 * 1024
/** A bot can send files of at most 50 MB. */
const maxDocumentBytes = 50 * 1024 * 1024
/** The highest sum of the width and the height of a photo, in pixels, and the highest ratio between them. */
const maxSides = 10_000
const maxRatio = 20

interface WithPhoto {
  photo: NonNullable<StoredMessage['photo']>
}

export const sendMessage = (state: TelegramState, bot: Bot, args: Args): Message =>
  send(state, bot, args, messageText(args))

export const sendPhoto = (state: TelegramState, bot: Bot, args: Args): Message => {
  const caption = captionText(args)
  return send(state, bot, args, { ...caption, photo: uploadedPhoto(bot, args) ?? photoOf(bot, args.text('photo')) })
}

export const sendDocument = (state: TelegramState, bot: Bot, args: Args): Message =>
  send(state, bot, args, { ...captionText(args), document: documentOf(bot, args) })

/** The uploaded document, or one that was sent to the bot or by it before. */
const documentOf = (bot: Bot, args: Args): NonNullable<StoredMessage['document']> => {
  const [, attached = 'document'] = /^attach:\/\/(.+)$/.exec(args.text('document')) ?? []
  const upload = args.file(attached)
  if (upload !== undefined) {
    if (upload.bytes.length === 0) throw badRequest('file must be non-empty')
    if (upload.bytes.length > maxDocumentBytes) throw badRequest('file is too big')
    return storedDocument(bot, upload.name, upload.bytes)
  }
  if (!args.has('document')) throw badRequest('there is no document in the request')
  const known = documents(bot).find(({ about }) => about.file_id === args.text('document'))
  if (known === undefined) throw badRequest('wrong file identifier/HTTP URL specified')
  return known
}

/** The photo and the caption of an InputMedia. */
export const inputPhoto = (bot: Bot, given: unknown): Pick<StoredMessage, 'text' | 'entities'> & WithPhoto => {
  if (given === null || typeof given !== 'object') throw badRequest("can't parse InputMedia: expected an Object")
  const media = given as Record<string, unknown>
  if (media.type !== 'photo') throw badRequest(`can't parse InputMedia: type "${String(media.type)}" is unsupported`)
  return { ...captionText(argsOf(media)), photo: photoOf(bot, String(media.media ?? '')) }
}

const uploadedPhoto = (bot: Bot, args: Args): WithPhoto['photo'] | undefined => {
  // The parameter may also name another part of the request: `attach://chart`.
  const [, attached = 'photo'] = /^attach:\/\/(.+)$/.exec(args.text('photo')) ?? []
  const upload = args.file(attached)
  if (upload === undefined) return undefined
  const { bytes } = upload
  if (bytes.length === 0) throw badRequest('file must be non-empty')
  if (bytes.length > maxUploadBytes) throw badRequest('file is too big')
  const image = imageSize(bytes)
  if (image === null) throw badRequest('IMAGE_PROCESS_FAILED')
  const { type, width, height } = image
  if (width + height > maxSides || Math.max(width, height) > maxRatio * Math.min(width, height))
    throw badRequest('PHOTO_INVALID_DIMENSIONS')
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  const photo = storedPhoto(bot, `upload:${upload.name}:${hash}`, [[width, height]])
  return { ...photo, upload: { type, base64: bytes.toString('base64') } }
}

/** The photo with this URL, or with the file_id of a photo that the bot has sent before. */
const photoOf = (bot: Bot, given: string): WithPhoto['photo'] => {
  if (given === '') throw badRequest('there is no photo in the request')
  const sizes = bot.files.get(given)
  if (sizes !== undefined) return { url: given, sizes }
  if (!/^https?:\/\//i.test(given)) throw badRequest('wrong file identifier/HTTP URL specified')
  bot.photos.check(given)
  return storedPhoto(bot, given)
}

/** The sizes of a photo that the simulator does not download. */
const assumedSizes = [
  [90, 127],
  [210, 295],
]

const storedPhoto = (bot: Bot, url: string, dimensions = assumedSizes): WithPhoto['photo'] => {
  const sizes: PhotoSize[] = dimensions.map(([width = 0, height = 0]) => ({
    // The bot's id is part of the file_id, because on Telegram a file_id works only for one bot.
    file_id: `AgACAgIAAx${hash(`${bot.id} ${url} ${width}`, 46)}`,
    file_unique_id: `AQAD${hash(`${url} ${width}`, 12)}`,
    width,
    height,
    file_size: width * height,
  }))
  for (const { file_id } of sizes) bot.files.set(file_id, sizes)
  return { url, sizes }
}

const hash = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, length)

const send = (
  state: TelegramState,
  bot: Bot,
  args: Args,
  content: Pick<StoredMessage, 'text' | 'entities' | 'document'> & Partial<WithPhoto>,
): Message => {
  const buttons = keyboardOf(args) ?? []
  const chat = writableChat(state, bot, args)
  bot.rates.spend(chat.id, chat.kind !== 'private')
  const replyTo = replyOf(chat, args)
  const threadId = threadOf(chat, args, replyTo)
  const message = addMessage(state, bot, chat, {
    from: null,
    silent: args.flag('disable_notification'),
    ...(threadId === undefined ? {} : { threadId }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...content,
    buttons,
  })
  return apiMessage(state, bot, chat, message)
}

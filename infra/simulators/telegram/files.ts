import { createHash } from 'node:crypto'
import type { Args } from './args.ts'
import { badRequest } from './bot-api-error.ts'
import { imageSize } from './image-size.ts'
import type { Bot, StoredMessage, TelegramState } from './state.ts'

type StoredDocument = NonNullable<StoredMessage['document']>

/** A bot can download files of at most 20 MB. */
const maxDownloadBytes = 20 * 1024 * 1024

export const storedDocument = (bot: Bot, name: string, bytes: Buffer): StoredDocument => {
  const hash = (text: string) => createHash('sha256').update(text).update(bytes).digest('base64url')
  return {
    about: {
      file_id: `BQACAgEAAx${hash(`${bot.id} ${name}`)}`,
      file_unique_id: `AgAD${hash(name).slice(0, 12)}`,
      file_name: name,
      mime_type: 'application/octet-stream',
      file_size: bytes.length,
    },
    base64: bytes.toString('base64'),
  }
}

/**
 * The photo of a person's message. Telegram makes JPEGs of several sizes. The simulator keeps the picture as it is, so
 * it takes only a JPEG.
 */
export const storedPhoto = (bot: Bot, bytes: Buffer): NonNullable<StoredMessage['photo']> => {
  const size = imageSize(bytes)
  if (size?.type !== 'image/jpeg') throw new Error('the simulator sends only a JPEG as a photo; send it as a file')
  const hash = createHash('sha256').update(String(bot.id)).update(bytes).digest('base64url')
  const { type, width, height } = size
  const about = { file_id: `AgACAgEAAx${hash}`, file_unique_id: `AQAD${hash.slice(0, 12)}`, width, height }
  return {
    url: about.file_id,
    sizes: [{ ...about, file_size: bytes.length }],
    upload: { type, base64: bytes.toString('base64') },
  }
}

/** The files that were sent to the bot or by it. */
export const documents = (bot: Bot): StoredDocument[] =>
  [...bot.chats.values()].flatMap(({ messages }) => messages.flatMap(({ document }) => document ?? []))

/** A file of a person's message that the bot can download. */
interface StoredFile {
  about: { file_id: string; file_unique_id: string; file_size: number }
  base64: string
  path: string
}

const filesOf = (bot: Bot): StoredFile[] =>
  [...bot.chats.values()].flatMap(({ messages }) =>
    messages.filter(({ deleted, from }) => !deleted && from !== null).flatMap(fileOf),
  )

const fileOf = ({ document, photo }: StoredMessage): StoredFile[] => {
  if (document !== undefined) return [{ ...document, path: `documents/${document.about.file_unique_id}` }]
  const [size] = photo?.sizes ?? []
  return size === undefined || photo?.upload === undefined
    ? []
    : [{ about: size, base64: photo.upload.base64, path: `photos/${size.file_unique_id}.jpg` }]
}

/** Says where the bot can download a file. */
export const getFile = (_state: TelegramState, bot: Bot, args: Args) => {
  if (!args.has('file_id')) throw badRequest('file_id not specified')
  const found = filesOf(bot).find(({ about }) => about.file_id === args.text('file_id'))
  if (found === undefined) throw badRequest('wrong file_id or the file is temporarily unavailable')
  const { file_id, file_unique_id, file_size } = found.about
  if (file_size > maxDownloadBytes) throw badRequest('file is too big')
  return { file_id, file_unique_id, file_size, file_path: found.path }
}

/** The bytes at a path of `getFile`; null if there are none. */
export const fileAt = (bot: Bot, path: string): Buffer | null => {
  const found = filesOf(bot).find(file => file.path === path)
  return found === undefined ? null : Buffer.from(found.base64, 'base64')
}

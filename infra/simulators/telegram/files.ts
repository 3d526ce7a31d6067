import { createHash } from 'node:crypto'
import type { Args } from './args.ts'
import { badRequest } from './bot-api-error.ts'
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

const documents = (bot: Bot): StoredDocument[] =>
  [...bot.chats.values()].flatMap(({ messages }) =>
    messages.flatMap(({ document, deleted }) => (document === undefined || deleted ? [] : [document])),
  )

const pathOf = ({ about }: StoredDocument) => `documents/${about.file_unique_id}`

/** Says where the bot can download a file. */
export const getFile = (_state: TelegramState, bot: Bot, args: Args) => {
  if (!args.has('file_id')) throw badRequest('file_id not specified')
  const found = documents(bot).find(({ about }) => about.file_id === args.text('file_id'))
  if (found === undefined) throw badRequest('wrong file_id or the file is temporarily unavailable')
  const { file_id, file_unique_id, file_size } = found.about
  if (file_size > maxDownloadBytes) throw badRequest('file is too big')
  return { file_id, file_unique_id, file_size, file_path: pathOf(found) }
}

/** The bytes at a path of `getFile`; null if there are none. */
export const fileAt = (bot: Bot, path: string): Buffer | null => {
  const found = documents(bot).find(document => pathOf(document) === path)
  return found === undefined ? null : Buffer.from(found.base64, 'base64')
}

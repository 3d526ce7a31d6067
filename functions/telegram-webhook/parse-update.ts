import { message } from 'telegraf/filters'
import type {
  CallbackQuery,
  ChatMember,
  ChatMemberUpdated,
  Message,
  PhotoSize,
  Update as TelegramUpdate,
  User,
} from 'telegraf/types'
import type { ChatKind } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { logoLimits } from '#functions/pages/logo-limits.ts'
import { commandNamed, parseCommand } from './commands.ts'
import type { Update } from './deferred-update.ts'
import type { BotRequest, Origin, PressedMessage, RequestContent } from './request.ts'

/**
 * The bot itself. Its user name is needed only if `namesABot(update)` is true; otherwise it may be ''.
 */
export interface OwnIdentity {
  botId: number
  botName: string
}

/**
 * What an update asks of the bot, or null if it asks nothing. Throws a TypeError for an update whose fields have other
 * types than Telegram's.
 */
export const parseUpdate = (update: Update, bot: OwnIdentity): BotRequest | null => {
  const typed = update as unknown as TelegramUpdate
  const content = contentOf(typed, bot)
  const origin = content && originOf(update)
  return content && origin && { ...content, updateId: update.update_id, origin }
}

/**
 * Whether a text or a caption addresses a bot by name (`/hoje@VigiaBot`). Only in this case does the bot need its own
 * name.
 */
export const namesABot = (update: Update): boolean => {
  const { text, caption = '' } = ('message' in update ? update.message : {}) as { text?: string; caption?: string }
  const typed = withoutInvisible(text ?? caption)
  return parseCommand(typed)?.bot != null || mention.test(typed)
}

/** Where an update comes from; null for kinds of updates that the bot does not handle. */
export const originOf = (update: Update): Origin | null => {
  const source = sourceOf(update as unknown as TelegramUpdate)
  if (!source?.chat) return null
  const { chat, from, senderChat, threadId, messageId } = source
  return {
    chatId: chat.id,
    kind: chat.type as ChatKind,
    ...(threadId === undefined ? {} : { threadId }),
    ...(messageId === undefined ? {} : { messageId }),
    personId: senderChat?.id || (from?.id ?? chat.id),
    language: languageOf(from?.language_code),
    name: from?.first_name ?? '',
  }
}

interface Source {
  chat: { id: number; type: string } | undefined
  from: User | undefined
  senderChat?: { id: number } | undefined
  threadId?: number | undefined
  messageId?: number
}

const sourceOf = (update: TelegramUpdate): Source | null => {
  if ('message' in update) {
    const { chat, from, sender_chat: senderChat, message_id: messageId } = update.message
    // All anonymous administrators have the same account in `from`, in all groups. `sender_chat` is different in each
    // group.
    return { chat, from, senderChat, threadId: threadIdOf(update.message), messageId }
  }
  if ('callback_query' in update) {
    const { message, from } = update.callback_query
    return { chat: message?.chat, from, threadId: threadIdOf(message) }
  }
  if ('my_chat_member' in update) {
    const { chat, from } = update.my_chat_member
    return { chat, from }
  }
  return null
}

const threadIdOf = (message: object | undefined): number | undefined => {
  const { is_topic_message: isTopic, message_thread_id: id } = (message ?? {}) as Partial<Message.CommonMessage>
  // Messages without a topic go to the General topic, whose id is 1. Telegram refuses that id in a call.
  return isTopic && id !== 1 ? id : undefined
}

/** The bot's language for Telegram's language code. */
export const languageOf = (code: string | undefined): Language =>
  code === undefined || code.toLowerCase().startsWith('pt') ? 'pt-BR' : 'en'

const contentOf = (update: TelegramUpdate, { botId, botName }: OwnIdentity): RequestContent | null => {
  if ('my_chat_member' in update) return membershipContent(update.my_chat_member)
  if (message('migrate_to_chat_id')(update)) return { kind: 'moved', toChatId: update.message.migrate_to_chat_id }
  if ('callback_query' in update) return pressContent(update.callback_query)
  if (message('text')(update)) {
    const { text, chat } = update.message
    const content =
      markedCommand(update.message, botName) ?? textContent(withoutInvisible(text), chat.type === 'private', botName)
    const answer = answerContent(update.message, botId)
    return content?.kind === 'text' && answer !== null
      ? { ...content, repliedTo: answer.repliedTo }
      : (content ?? answer)
  }
  return 'message' in update ? mediaContent(update.message, botName, botId) : null
}

const membershipContent = ({ old_chat_member: before, new_chat_member: after }: ChatMemberUpdated): RequestContent => {
  const member = mayWrite(after)
  return {
    kind: 'membership',
    member,
    joined: member && !mayWrite(before),
    reason: after.status === 'kicked' ? 'the bot was blocked or removed' : `the bot's status is ${after.status}`,
  }
}

/** Whether a member may write: in a channel only with the right to post, elsewhere always. */
const mayWrite = (member: ChatMember) =>
  member.status !== 'left' &&
  member.status !== 'kicked' &&
  !('can_post_messages' in member && member.can_post_messages === false)

const pressContent = (query: CallbackQuery): RequestContent => ({
  kind: 'press',
  data: 'data' in query ? query.data : '',
  queryId: query.id,
  message: pressedMessage(query),
})

const pressedMessage = ({ message }: CallbackQuery): PressedMessage | null => {
  if (!message) return null
  const content = 'photo' in message ? 'photo' : 'text' in message ? 'text' : 'unknown'
  return { id: message.message_id, content }
}

/** The command that Telegram itself marked at the start of the text, by the rules of Telegraf's `Composer.command`. */
const markedCommand = ({ text, entities }: Message.TextMessage, botName: string): RequestContent | null => {
  const entity = entities?.[0]
  if (entity?.type !== 'bot_command' || entity.offset > 0) return null
  const [name = '', bot] = text.slice(0, entity.length).split('@')
  if (bot && bot.toLowerCase() !== botName.toLowerCase()) return null
  const command = commandNamed(name.slice(1))
  return command ? { kind: 'command', command, argument: withoutInvisible(text.slice(entity.length + 1)) } : null
}

/** A mention at the start of a text, with more text after it: `@VigiaBot Severance`. */
const mention = /^@(\w+)\s+(?=\S)/

/**
 * The request in a text in which Telegram marked no known command. Telegram marks only plain letters: of `/séries` only
 * `/s`.
 */
const textContent = (text: string, isPrivate: boolean, botName: string): RequestContent | null => {
  const parsed = parseCommand(text)
  if (!parsed) {
    const isToThisBot = mention.exec(text)?.[1]?.toLowerCase() === botName.toLowerCase()
    return isPrivate || isToThisBot ? { kind: 'text', text: isToThisBot ? text.replace(mention, '') : text } : null
  }
  const { name, bot, argument } = parsed
  if (bot !== null && bot.toLowerCase() !== botName.toLowerCase()) return null
  const command = commandNamed(name)
  if (command) return { kind: 'command', command, argument }
  return isPrivate || bot !== null ? { kind: 'unknownCommand' } : null
}

/** A text that replies to a message of the bot. */
const answerContent = (
  { text, reply_to_message: repliedTo }: Message.TextMessage,
  botId: number,
): (RequestContent & { kind: 'answer' }) | null =>
  repliedTo?.from?.id === botId
    ? { kind: 'answer', text: withoutInvisible(text), repliedTo: repliedTo.message_id }
    : null

/** The request in a message without text. It is in the caption, because people write commands and names there too. */
const mediaContent = (message: Message, botName: string, botId: number): RequestContent | null => {
  const isPrivate = message.chat.type === 'private'
  const caption = 'caption' in message ? withoutInvisible(message.caption ?? '') : ''
  const content = caption === '' ? null : textContent(caption, isPrivate, botName)
  // A note beside a file is not a search.
  if (content !== null && !('document' in message && content.kind === 'text')) return content
  const isReply = 'reply_to_message' in message && message.reply_to_message?.from?.id === botId
  if ('document' in message && (isPrivate || isReply)) {
    const { file_id: fileId, file_name: name = '', file_size: bytes = 0 } = message.document
    return { kind: 'file', fileId, name: withoutInvisible(name).slice(0, 100), bytes }
  }
  if (content !== null) return content
  if ('photo' in message && (isPrivate || isReply) && !('media_group_id' in message)) {
    const { file_id: fileId, file_size: bytes = 0 } = largestWithin(message.photo)
    return { kind: 'photo', fileId, bytes }
  }
  return isPrivate && isMedia(message) ? { kind: 'media' } : null
}

/** The largest size of a photo that can be a logo; if there is none, the smallest. */
const largestWithin = (sizes: PhotoSize[]): PhotoSize => {
  const bySize = sizes.toSorted((one, other) => one.width * one.height - other.width * other.height)
  return (
    bySize.findLast(
      ({ width, height, file_size: bytes = 0 }) =>
        Math.max(width, height) <= logoLimits.pixels && bytes <= logoLimits.bytes,
    ) ?? bySize[0]!
  )
}

const mediaKinds =
  'sticker photo voice video video_note audio document animation location contact dice poll story'.split(' ')

/** The pictures of an album arrive as separate messages. Only the picture with the caption is answered. */
const isMedia = (message: object) => !('media_group_id' in message) && mediaKinds.some(kind => kind in message)

/** Removes zero-width characters, direction marks, and NUL (because PostgreSQL refuses it). Trims the rest. */
const withoutInvisible = (text: string) => text.replace(/[\0\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g, '').trim()

import type { Entity, InlineButton, PhotoSize } from './bot-api.ts'
import { storedDocument, storedPhoto } from './files.ts'
import {
  addMessage,
  apiMessage,
  type Bot,
  type CallbackQuery,
  type Chat,
  notifyWatchers,
  type Person,
  queueUpdate,
  type StoredMessage,
  type TelegramState,
  unixSeconds,
  userOf,
} from './state.ts'
import { normalized } from './text.ts'

/** A message as a person sees it in the Telegram app. */
export interface VisibleMessage {
  id: number
  /** `bot`, or the first name of the author. */
  from: string
  /** Whether the person who sees the message has written it. */
  mine: boolean
  text: string
  entities: Entity[]
  /** The photo's URL or file_id, or null. For an uploaded photo a name that begins with `upload:`. */
  photo: string | null
  /** Width and height of the photo in pixels, or null. */
  photoSize: { width: number; height: number } | null
  buttons: { text: string; data?: string; url?: string; copy?: string }[][]
  /** Id of the message to which this message replies, or null. */
  replyTo: number | null
  edited: boolean
  silent: boolean
  threadId: number | null
  at: Date
}

/** A press of an inline button. */
export interface ButtonPress {
  /** Id of the callback query; '' for a link and for a text to copy. */
  id: string
  /** The notice with which the bot answered the press, or null if the bot has not answered yet. */
  answer(): { text: string; alert: boolean } | null
}

/** A person in one chat: what they can do there and what they see. */
export interface Participant {
  readonly chatId: number
  /** Writes a message and returns its id. */
  send(text: string, options?: { replyTo?: number; threadId?: number }): number
  /** Sends a file, without a text, and returns the id of its message. */
  sendFile(file: { name: string; bytes: Buffer }, options?: { replyTo?: number }): number
  /** Sends a JPEG as a photo, without a text, and returns the id of its message. */
  sendPhoto(bytes: Buffer, options?: { replyTo?: number }): number
  /**
   * Presses the button with this text on the newest message that has the button, or on the given message. `data`
   * chooses between two buttons with the same text. Throws if the button does not exist. If the button is a link or
   * copies a text, the bot gets no update.
   */
  press(button: string | RegExp, options?: { message?: number; data?: string | undefined }): ButtonPress
  /** The bytes of a photo that the bot uploaded; null if the message has none. */
  picture(message: number): Buffer | null
  /** The bytes of a file in the chat; null if the message has none. */
  file(message: number): Buffer | null
  /** All messages, oldest first, without the deleted ones. */
  messages(): VisibleMessage[]
  /** The messages of the bot, oldest first. */
  answers(): VisibleMessage[]
  last(): VisibleMessage | undefined
}

/** Telegram delivers presses in a separate queue, in parallel with the messages of the same chat. */
const pressQueueOffset = 3 * 2 ** 33
/** Telegram drops a press that the bot has not received within this time. */
const pressLifetimeS = 150

export const participant = (state: TelegramState, bot: Bot, chat: Chat, person: Person): Participant => {
  /** Adds a message of the person, and tells the bot if the bot sees it. */
  const add = (content: Pick<StoredMessage, 'text' | 'entities' | 'document' | 'photo' | 'replyTo' | 'threadId'>) => {
    if (person.deactivated) throw new Error(`${person.firstName}'s account is deleted`)
    if (chat.blocked) throw new Error(`${person.firstName} has blocked the bot; unblock it first`)
    chat.started = true
    const message = addMessage(state, bot, chat, { from: person.id, ...content, buttons: [], silent: false })
    if (reachesBot(bot, chat, message)) {
      queueUpdate(bot, { message: apiMessage(state, bot, chat, message) }, 'message', chat.id)
    }
    return message.id
  }
  const messages = () =>
    chat.messages.filter(message => !message.deleted).map(message => visibleMessage(state, person, message))
  return {
    chatId: chat.id,
    send: (text, options = {}) => {
      const formatted = normalized({ text, entities: [] })
      if (formatted.text === '') throw new Error('Telegram does not send an empty message')
      return add({
        ...formatted,
        ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
        ...(options.threadId === undefined ? {} : { threadId: options.threadId }),
      })
    },
    sendFile: ({ name, bytes }, options = {}) =>
      add({
        ...{ text: '', entities: [], document: storedDocument(bot, name, bytes) },
        ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
      }),
    sendPhoto: (bytes, options = {}) =>
      add({
        ...{ text: '', entities: [], photo: storedPhoto(bot, bytes) },
        ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
      }),
    press: (button, options = {}) => press(state, bot, chat, person, button, options),
    picture: id => {
      const upload = chat.messages.find(message => message.id === id)?.photo?.upload
      return upload === undefined ? null : Buffer.from(upload.base64, 'base64')
    },
    file: id => {
      const document = chat.messages.find(message => message.id === id)?.document
      return document === undefined ? null : Buffer.from(document.base64, 'base64')
    },
    messages,
    answers: () => messages().filter(({ mine, from }) => !mine && from === 'bot'),
    last: () => messages().at(-1),
  }
}

/**
 * Whether a message is delivered to the bot. In a group, a bot that is an administrator gets every message. A bot that
 * is a member is in privacy mode: it gets only commands (unless they name another bot), mentions of the bot and replies
 * to the bot's messages. A bot outside the group gets nothing.
 */
const reachesBot = (bot: Bot, chat: Chat, message: StoredMessage): boolean => {
  if (chat.kind === 'private') return true
  if (chat.standing === 'administrator') return true
  if (chat.standing !== 'member') return false
  const mention = `@${bot.username}`.toLowerCase()
  const marked = message.entities.map(({ type, offset, length }) => ({
    type,
    text: message.text.slice(offset, offset + length).toLowerCase(),
  }))
  const isCommand = marked.some(
    ({ type, text }) => type === 'bot_command' && (!text.includes('@') || text.endsWith(mention)),
  )
  const isMention = marked.some(({ type, text }) => type === 'mention' && text === mention)
  const isReply = chat.messages.some(({ id, from }) => id === message.replyTo && from === null)
  return isCommand || isMention || isReply
}

const press = (
  state: TelegramState,
  bot: Bot,
  chat: Chat,
  person: Person,
  wanted: string | RegExp,
  at: { message?: number; data?: string | undefined },
): ButtonPress => {
  const matches = ({ text, callback_data }: InlineButton) =>
    (typeof wanted === 'string' ? text === wanted : wanted.test(text)) &&
    (at.data === undefined || callback_data === at.data)
  const shown = chat.messages.filter(({ id, deleted }) => !deleted && (at.message === undefined || id === at.message))
  const message = shown.findLast(({ buttons }) => buttons.flat().some(matches))
  const button = message?.buttons.flat().find(matches)
  if (message === undefined || button === undefined) {
    const there = shown.flatMap(({ buttons }) => buttons.flat().map(({ text }) => `[${text}]`))
    throw new Error(
      `no button ${String(wanted)} on ${person.firstName}'s screen; the buttons on it are: ${there.join(' ') || 'none'}`,
    )
  }
  if (button.callback_data === undefined) return { id: '', answer: () => null }
  const query: CallbackQuery = {
    id: String(4_000_000_000_000_000 + state.nextQueryId++),
    personId: person.id,
    chatId: chat.id,
    messageId: message.id,
    at: unixSeconds(state.time),
  }
  bot.queries.set(query.id, query)
  const callback_query = {
    id: query.id,
    from: userOf(person),
    message: apiMessage(state, bot, chat, message),
    chat_instance: String(chat.id * 31),
    data: button.callback_data,
  }
  queueUpdate(bot, { callback_query }, 'callback_query', person.id + pressQueueOffset, pressLifetimeS)
  notifyWatchers(state, bot, chat.id)
  return { id: query.id, answer: () => query.answer ?? null }
}

export const visibleMessage = (state: TelegramState, person: Person, message: StoredMessage): VisibleMessage => ({
  id: message.id,
  from: message.from === null ? 'bot' : (state.people.get(message.from)?.firstName ?? '?'),
  mine: message.from === person.id,
  text: message.text,
  entities: message.entities,
  photo: message.photo?.url ?? null,
  photoSize: sizeOf(message.photo?.sizes.at(-1)),
  buttons: message.buttons.map(row =>
    row.map(({ text, callback_data, url, copy_text }) => ({
      text,
      ...(callback_data === undefined ? {} : { data: callback_data }),
      ...(url === undefined ? {} : { url }),
      ...(copy_text === undefined ? {} : { copy: copy_text.text }),
    })),
  ),
  replyTo: message.replyTo ?? null,
  edited: message.editDate !== undefined,
  silent: message.silent,
  threadId: message.threadId ?? null,
  at: new Date(message.date * 1000),
})

const sizeOf = (size: PhotoSize | undefined) => (size === undefined ? null : { width: size.width, height: size.height })

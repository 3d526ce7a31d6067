import type { Time } from '../time.ts'
import type {
  ApiChat,
  BotCommand,
  Document,
  Entity,
  InlineButton,
  Message,
  PhotoSize,
  Update,
  User,
} from './bot-api.ts'
import { type CallLog, callLog } from './call-log.ts'
import { type InjectedErrors, injectedErrors } from './injected-errors.ts'
import { type InlineQueries, inlineQueries } from './inline-queries.ts'
import { type PhotoFetches, photoFetches } from './photo-fetches.ts'
import { type RateLimiter, type RateLimits, rateLimiter } from './rate-limiter.ts'
import { type UpdateQueue, updateQueue } from './update-queue.ts'
import { type WebhookSender, webhookSender } from './webhook-sender.ts'

export interface Person {
  id: number
  firstName: string
  username?: string
  languageCode?: string
  /** Whether the person has deleted their account. */
  deactivated: boolean
}

export type Membership = 'creator' | 'administrator' | 'member' | 'left' | 'kicked'

export interface StoredMessage {
  id: number
  chatId: number
  /** A person's id, or null for the bot. */
  from: number | null
  /** Unix seconds. */
  date: number
  editDate?: number
  /** Text or caption, without markup. */
  text: string
  entities: Entity[]
  /** `upload`: the picture itself, if the bot uploaded it. */
  photo?: { url: string; sizes: PhotoSize[]; upload?: { type: string; base64: string } }
  /** A file that a person sent. */
  document?: { about: Document; base64: string }
  buttons: InlineButton[][]
  replyTo?: number
  silent: boolean
  threadId?: number
  migratedTo?: number
  migratedFrom?: number
  deleted?: boolean
}

/** A chat from the point of view of one bot. */
export interface Chat {
  id: number
  kind: 'private' | 'group' | 'supergroup'
  title: string
  /** In private chats: the person who talks to the bot. */
  personId?: number
  /** Whether the person has written to the bot at least once; always true in groups. */
  started: boolean
  blocked: boolean
  /** The bot's own membership. */
  standing: Membership
  members: Map<number, Membership>
  /** Whether the group was deleted. */
  gone: boolean
  /** The id of the supergroup that this group has become. */
  upgradedTo?: number
  forum: boolean
  /** Whether the group hides its members from everyone but administrators. */
  hidesMembers: boolean
  topics: Map<number, { name: string; state: 'open' | 'closed' | 'deleted' }>
  messages: StoredMessage[]
}

/** One press of an inline button. */
export interface CallbackQuery {
  id: string
  personId: number
  chatId: number
  messageId: number
  /** Unix seconds. */
  at: number
  answer?: { text: string; alert: boolean }
}

export interface Bot {
  readonly token: string
  readonly id: number
  readonly username: string
  readonly name: string
  revoked: boolean
  readonly chats: Map<number, Chat>
  readonly queries: Map<string, CallbackQuery>
  readonly inline: InlineQueries
  /** Keyed by scope and language, as `default|pt`. */
  readonly commands: Map<string, BotCommand[]>
  /** Keyed by field and language, as `description|pt` and `short_description|`. */
  readonly texts: Map<string, string>
  /** The photos that the bot has sent, in all their sizes. The key is the file id of any of the sizes. */
  readonly files: Map<string, PhotoSize[]>
  readonly updates: UpdateQueue
  readonly webhook: WebhookSender
  readonly calls: CallLog
  readonly injectedErrors: InjectedErrors
  readonly photos: PhotoFetches
  readonly rates: RateLimiter
  /** The kinds of updates for which the bot asked; null for Telegram's default. */
  allowedUpdates: string[] | null
  nextMessageId: number
}

export interface TelegramState {
  readonly time: Time
  readonly people: Map<number, Person>
  readonly bots: Map<string, Bot>
  nextPersonId: number
  nextChatId: number
  nextQueryId: number
  /** The functions to call after each change that a person can see. */
  readonly watchers: Set<(bot: Bot, chatId: number) => void>
}

/** Too large for a signed 32-bit integer, like many ids of real people and groups. */
const firstPersonId = 5_000_000_001
const firstChatId = 4_000_000_001

export const emptyState = (time: Time): TelegramState => ({
  time,
  people: new Map(),
  bots: new Map(),
  nextPersonId: firstPersonId,
  nextChatId: firstChatId,
  nextQueryId: 1,
  watchers: new Set(),
})

export interface BotOptions {
  token: string
  username: string
  name: string
  rates: RateLimits | false
  /** Runs a method that the response of the bot's webhook asked for. */
  execute: (bot: Bot, method: string, args: Record<string, unknown>) => void
}

export const addBot = (state: TelegramState, { token, username, name, rates, execute }: BotOptions): Bot => {
  const { time } = state
  const updates = updateQueue(time)
  const bot: Bot = {
    token,
    id: Number(/^\d+/.exec(token)?.[0] ?? 7_000_000_000 + state.bots.size),
    username,
    name,
    revoked: false,
    chats: new Map(),
    queries: new Map(),
    inline: inlineQueries(),
    commands: new Map(),
    texts: new Map(),
    files: new Map(),
    updates,
    webhook: webhookSender(time, updates, (method, args) => execute(bot, method, args)),
    calls: callLog(),
    injectedErrors: injectedErrors(),
    photos: photoFetches(),
    rates: rateLimiter(time.now, rates),
    allowedUpdates: null,
    nextMessageId: 1,
  }
  state.bots.set(token, bot)
  return bot
}

export const unixSeconds = (time: Time): number => Math.floor(time.now().getTime() / 1000)

export const notifyWatchers = (state: TelegramState, bot: Bot, chatId: number): void => {
  for (const watcher of state.watchers) watcher(bot, chatId)
}

export const newChat = (id: number, kind: Chat['kind'], title: string): Chat => ({
  id,
  kind,
  title,
  started: kind !== 'private',
  blocked: false,
  standing: kind === 'private' ? 'member' : 'left',
  members: new Map(),
  gone: false,
  forum: false,
  hidesMembers: false,
  topics: new Map(),
  messages: [],
})

/** The private chat of a person with a bot; creates it on the first call. */
export const privateChat = (bot: Bot, person: Person): Chat => {
  const known = bot.chats.get(person.id)
  if (known !== undefined) return known
  const chat: Chat = { ...newChat(person.id, 'private', person.firstName), personId: person.id }
  bot.chats.set(chat.id, chat)
  return chat
}

// With `npm start` the simulator may run for days, so a chat drops its oldest messages.
const maxStoredMessages = 5_000

export const addMessage = (
  state: TelegramState,
  bot: Bot,
  chat: Chat,
  message: Omit<StoredMessage, 'id' | 'chatId' | 'date'>,
): StoredMessage => {
  // As on Telegram: a supergroup numbers its own messages; private chats and basic groups share one number per bot.
  const id = chat.kind === 'supergroup' ? (chat.messages.at(-1)?.id ?? 0) + 1 : bot.nextMessageId++
  const stored: StoredMessage = { ...message, id, chatId: chat.id, date: unixSeconds(state.time) }
  chat.messages.push(stored)
  if (chat.messages.length > maxStoredMessages) chat.messages.splice(0, maxStoredMessages / 10)
  notifyWatchers(state, bot, chat.id)
  return stored
}

export const userOf = (person: Person): User => ({
  id: person.id,
  is_bot: false,
  first_name: person.firstName,
  ...(person.username === undefined ? {} : { username: person.username }),
  ...(person.languageCode === undefined ? {} : { language_code: person.languageCode }),
})

export const botUser = (bot: Bot): User => ({
  id: bot.id,
  is_bot: true,
  first_name: bot.name,
  username: bot.username,
})

export const apiChat = (state: TelegramState, chat: Chat): ApiChat => {
  if (chat.kind !== 'private') {
    return { id: chat.id, type: chat.kind, title: chat.title, ...(chat.forum ? { is_forum: true as const } : {}) }
  }
  const person = state.people.get(chat.personId ?? 0)
  return {
    id: chat.id,
    type: 'private',
    first_name: person?.firstName ?? chat.title,
    ...(person?.username === undefined ? {} : { username: person.username }),
  }
}

/** A stored message in the JSON of the Bot API. With `nested`, the message to which it replies is left out. */
export const apiMessage = (
  state: TelegramState,
  bot: Bot,
  chat: Chat,
  message: StoredMessage,
  nested = false,
): Message => {
  const person = message.from === null ? undefined : state.people.get(message.from)
  const repliedTo =
    message.replyTo === undefined
      ? undefined
      : chat.messages.findLast(({ id, deleted }) => id === message.replyTo && !deleted)
  const formatted = message.entities.length === 0 ? undefined : message.entities
  return {
    message_id: message.id,
    from: person === undefined ? botUser(bot) : userOf(person),
    chat: apiChat(state, chat),
    date: message.date,
    ...(message.editDate === undefined ? {} : { edit_date: message.editDate }),
    ...threadFieldsOf(chat, message),
    ...(repliedTo === undefined || nested ? {} : { reply_to_message: apiMessage(state, bot, chat, repliedTo, true) }),
    ...(message.migratedTo === undefined ? {} : { migrate_to_chat_id: message.migratedTo }),
    ...(message.migratedFrom === undefined ? {} : { migrate_from_chat_id: message.migratedFrom }),
    ...contentOf(message, formatted),
    ...(message.buttons.length === 0 ? {} : { reply_markup: { inline_keyboard: message.buttons } }),
  }
}

/** The topic of a message. In a supergroup without topics a reply has a `message_thread_id` too, but no topic. */
const threadFieldsOf = (chat: Chat, { threadId, replyTo }: StoredMessage): Partial<Message> => {
  if (threadId !== undefined) return { message_thread_id: threadId, is_topic_message: true }
  return chat.kind === 'supergroup' && !chat.forum && replyTo !== undefined ? { message_thread_id: replyTo } : {}
}

const contentOf = (message: StoredMessage, entities: Entity[] | undefined): Partial<Message> => {
  if (message.photo !== undefined) {
    return {
      photo: message.photo.sizes,
      ...(message.text === '' ? {} : { caption: message.text }),
      ...(entities === undefined ? {} : { caption_entities: entities }),
    }
  }
  if (message.document !== undefined)
    return { document: message.document.about, ...(message.text === '' ? {} : { caption: message.text }) }
  if (message.migratedTo !== undefined || message.migratedFrom !== undefined) return {}
  return { text: message.text, ...(entities === undefined ? {} : { entities }) }
}

const dayS = 86_400

/**
 * Queues an update for the bot if the bot asked for this kind. Telegram delivers the updates of one `queue` in order,
 * and drops an update after `seconds`; the default is a day.
 */
export const queueUpdate = (
  bot: Bot,
  update: Omit<Update, 'update_id'>,
  kind: string,
  queue: number,
  seconds?: number,
): void => {
  if (bot.allowedUpdates !== null && !bot.allowedUpdates.includes(kind)) return
  bot.updates.push(update, { queue, seconds: seconds ?? dayS })
}

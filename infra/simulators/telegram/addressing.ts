import type { Args } from './args.ts'
import { badRequest, forbidden } from './bot-api-error.ts'
import type { Bot, Chat, StoredMessage, TelegramState } from './state.ts'

/** The chat of a call's `chat_id`. Throws Telegram's error if the bot may not write there. */
export const writableChat = (state: TelegramState, bot: Bot, args: Args): Chat => {
  const chat = knownChat(state, bot, args)
  if (chat.kind === 'private') {
    if (state.people.get(chat.personId ?? 0)?.deactivated) throw forbidden('user is deactivated')
    if (!chat.started) throw forbidden("bot can't initiate conversation with a user")
    if (chat.blocked) throw forbidden('bot was blocked by the user')
    return chat
  }
  if (chat.upgradedTo !== undefined) {
    throw badRequest('group chat was upgraded to a supergroup chat', { migrate_to_chat_id: chat.upgradedTo })
  }
  const name = chat.kind === 'group' ? 'group chat' : 'supergroup chat'
  if (chat.gone) throw forbidden('the group chat was deleted')
  if (chat.standing === 'kicked') throw forbidden(`bot was kicked from the ${name}`)
  if (chat.standing === 'left') throw forbidden(`bot is not a member of the ${name}`)
  return chat
}

/** The chat of a call's `chat_id`. Throws if the bot has never seen the chat. */
export const knownChat = (state: TelegramState, bot: Bot, args: Args): Chat => {
  if (!args.has('chat_id')) throw badRequest('chat_id is empty')
  const id = args.integer('chat_id') ?? 0
  const chat = bot.chats.get(id)
  if (chat !== undefined) return chat
  // The person exists, but has never written to this bot.
  if (state.people.has(id)) throw forbidden("bot can't initiate conversation with a user")
  throw badRequest('chat not found')
}

/**
 * The id of the topic "General", which every forum has. Only links contain this id; a call that writes to General has
 * no `message_thread_id`.
 */
export const generalTopicId = 1

/**
 * The topic to write to: the topic with the id `message_thread_id`, else the topic of the message that is replied to.
 * Undefined for General and for chats without topics.
 */
export const threadOf = (chat: Chat, args: Args, replyTo?: number): number | undefined => {
  const named = args.integer('message_thread_id') ?? 0
  if (named <= 0 && !chat.forum) return undefined
  const id = named > 0 ? named : chat.messages.findLast(message => message.id === replyTo)?.threadId
  const topic = chat.topics.get(id ?? generalTopicId)
  if (id === generalTopicId || (id !== undefined && topic === undefined)) {
    if (chat.forum || chat.kind === 'private') throw badRequest('message thread not found')
    return undefined
  }
  if (topic?.state === 'deleted') throw badRequest('TOPIC_DELETED')
  if (topic?.state === 'closed' && chat.standing !== 'administrator') throw badRequest('TOPIC_CLOSED')
  return id
}

/** The id of the message to reply to, from `reply_parameters` or from the older `reply_to_message_id`. */
export const replyOf = (chat: Chat, args: Args): number | undefined => {
  const given = args.json('reply_parameters')
  if (args.has('reply_parameters') && (given === null || typeof given !== 'object')) {
    throw badRequest("can't parse reply parameters JSON object")
  }
  const parameters = (given ?? {}) as { message_id?: unknown; allow_sending_without_reply?: unknown }
  const id = Number(parameters.message_id ?? args.integer('reply_to_message_id') ?? 0)
  if (!(id > 0)) return undefined
  if (chat.messages.some(message => message.id === id && !message.deleted)) return id
  if (parameters.allow_sending_without_reply === true || args.flag('allow_sending_without_reply')) return undefined
  throw badRequest('message to be replied not found')
}

/** The message of a call's `message_id`. `purpose` is the verb in Telegram's error "message to … not found". */
export const messageToChange = (chat: Chat, args: Args, purpose: 'edit' | 'delete'): StoredMessage => {
  const id = args.integer('message_id') ?? 0
  if (id <= 0) throw badRequest('message identifier is not specified')
  const message = chat.messages.findLast(candidate => candidate.id === id && !candidate.deleted)
  if (message === undefined) throw badRequest(`message to ${purpose} not found`)
  return message
}

import { knownChat, writableChat } from './addressing.ts'
import type { Args } from './args.ts'
import type { AdministratorRight, ChatMember, User } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'
import { type Bot, botUser, type Chat, type Membership, type TelegramState, userOf } from './state.ts'

/** The rights that an administrator gets if the owner changes nothing. */
const usualRights: Record<AdministratorRight, boolean> = {
  can_manage_chat: true,
  can_delete_messages: true,
  can_manage_video_chats: true,
  can_restrict_members: true,
  can_promote_members: false,
  can_change_info: true,
  can_invite_users: true,
  can_post_stories: false,
  can_edit_stories: false,
  can_delete_stories: false,
}

/** A member in the JSON of the Bot API. */
export const chatMember = (user: User, status: Membership): ChatMember => {
  switch (status) {
    case 'creator':
      return { status, user, is_anonymous: false }
    case 'administrator':
      return { status, user, can_be_edited: false, is_anonymous: false, ...usualRights }
    case 'kicked':
      return { status, user, until_date: 0 }
    default:
      return { status, user }
  }
}

/**
 * Telegram guarantees an answer about other users only to administrators. A group that hides its members refuses the
 * other bots.
 */
export const getChatMember = (state: TelegramState, bot: Bot, args: Args): ChatMember => {
  const chat = readableChat(state, bot, args)
  const id = args.integer('user_id') ?? 0
  if (id <= 0) throw badRequest('invalid user_id specified')
  if (id === bot.id) return chatMember(botUser(bot), chat.standing)
  const person = state.people.get(id)
  if (person === undefined) throw badRequest('PARTICIPANT_ID_INVALID')
  if (chat.hidesMembers && chat.standing !== 'administrator') throw badRequest('CHAT_ADMIN_REQUIRED')
  const own = chat.kind === 'private' && chat.personId === id
  return chatMember(userOf(person), chat.members.get(id) ?? (own ? 'member' : 'left'))
}

/** The owner and the administrators, except bots. Every member of a group may ask for them. */
export const getChatAdministrators = (state: TelegramState, bot: Bot, args: Args): ChatMember[] => {
  const chat = readableChat(state, bot, args)
  if (chat.kind === 'private') throw badRequest('there are no administrators in the private chat')
  return [...chat.members].flatMap(([id, status]) => {
    const person = state.people.get(id)
    return person !== undefined && isAdministrator(status) ? [chatMember(userOf(person), status)] : []
  })
}

const isAdministrator = (status: Membership) => status === 'creator' || status === 'administrator'

/** The chat of a call that reads. A bot outside of a group reads nothing of it. */
const readableChat = (state: TelegramState, bot: Bot, args: Args): Chat => {
  const chat = knownChat(state, bot, args)
  return chat.kind === 'private' ? chat : writableChat(state, bot, args)
}

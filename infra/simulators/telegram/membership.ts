import { chatMember } from './members.ts'
import {
  apiChat,
  type Bot,
  botUser,
  type Chat,
  type Membership,
  notifyWatchers,
  type Person,
  queueUpdate,
  type TelegramState,
  unixSeconds,
  userOf,
} from './state.ts'

/** Telegram delivers changes of membership in a separate queue, in parallel with the messages of the same chat. */
const memberQueueOffset = 5 * 2 ** 33

/**
 * Changes the bot's membership in a chat and sends the bot a my_chat_member update. `by` is the person who made the
 * change.
 */
export const changeMembership = (state: TelegramState, bot: Bot, chat: Chat, by: Person, to: Membership): void => {
  const from = chat.standing
  chat.standing = to
  const user = botUser(bot)
  const my_chat_member = {
    chat: apiChat(state, chat),
    from: userOf(by),
    date: unixSeconds(state.time),
    old_chat_member: chatMember(user, from),
    new_chat_member: chatMember(user, to),
  }
  queueUpdate(bot, { my_chat_member }, 'my_chat_member', chat.id + memberQueueOffset)
  notifyWatchers(state, bot, chat.id)
}

import type { Clock } from '#functions/host/clock.ts'
import { TelegramError } from '#functions/telegram/client.ts'
import type { TelegramApi } from './telegraf-client.ts'

/** How long an answer of Telegram is used. A person who was made an administrator should not have to wait long. */
const keptMs = 60_000

/** The part of Telegram's ChatMember that tells the role. */
interface Member {
  status: string
  /** Whether a person with the status `restricted` is in the group. */
  is_member?: boolean
  user?: { id: number }
}

const isAdministrator = ({ status }: Member) => status === 'creator' || status === 'administrator'

/** Finds out who administers a group. Each process keeps the answers of Telegram for a minute. */
export const administratorsOf = (clock: Clock) => {
  const answers = new Map<string, { isOne: boolean; until: number }>()
  return {
    /** Whether the person is the owner or an administrator of the group. Throws if Telegram does not answer. */
    include: async (telegram: TelegramApi, chatId: number, personId: number, signal: AbortSignal): Promise<boolean> => {
      // An anonymous administrator writes in the name of the group. Other chats that write there are no administrators.
      if (personId <= 0) return personId === chatId
      const now = clock().getTime()
      const key = `${chatId}/${personId}`
      const known = answers.get(key)
      if (known !== undefined && known.until > now) return known.isOne
      for (const [other, { until }] of answers) if (until <= now) answers.delete(other)
      const isOne = await askTelegram(telegram, chatId, personId, signal)
      answers.set(key, { isOne, until: now + keptMs })
      return isOne
    },
  }
}

export type Administrators = ReturnType<typeof administratorsOf>

/** Whether the person is a member of the chat now. Nothing is kept, because who has left must not get in. */
export const isMember = async (
  telegram: TelegramApi,
  chatId: number,
  personId: number,
  signal: AbortSignal,
): Promise<boolean> => personId > 0 && askTelegram(telegram, chatId, personId, signal, belongs)

const belongs = (member: Member) =>
  isAdministrator(member) || member.status === 'member' || (member.status === 'restricted' && member.is_member === true)

/**
 * Telegram guarantees an answer about other users only if the bot is an administrator. Where it refuses, the list of
 * the administrators tells whether the person is one of them, because every member may ask for it.
 */
const askTelegram = async (
  telegram: TelegramApi,
  chatId: number,
  personId: number,
  signal: AbortSignal,
  isWanted: (member: Member) => boolean = isAdministrator,
): Promise<boolean> => {
  try {
    return isWanted((await telegram.call('getChatMember', { chat_id: chatId, user_id: personId }, signal)) as Member)
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error
    if (error.migrateTo !== undefined) return askTelegram(telegram, error.migrateTo, personId, signal, isWanted)
    // The bot is no longer in the group, so it does not change anything there.
    if (error.code === 403) return false
    if (error.code !== 400) throw error
    return administratorsInclude(telegram, chatId, personId, signal)
  }
}

const administratorsInclude = async (
  telegram: TelegramApi,
  chatId: number,
  personId: number,
  signal: AbortSignal,
): Promise<boolean> => {
  try {
    const members = (await telegram.call('getChatAdministrators', { chat_id: chatId }, signal)) as Member[]
    return members.some(member => member.user?.id === personId && isAdministrator(member))
  } catch (error) {
    // There is no such group, or the bot is not in it.
    if (error instanceof TelegramError && (error.code === 400 || error.code === 403)) return false
    throw error
  }
}

import type { Clock } from '#functions/host/clock.ts'

/**
 * Makes the list of the chats to which Telegram allows no messages for some time (429). Each process has its own list.
 */
export const pausedChats = (clock: Clock) => {
  const pauses = new Map<number, Date>()
  return {
    /** When the pause of a chat ends; null if the chat is not paused. */
    until: (chatId: number): Date | null => {
      const end = pauses.get(chatId)
      return end !== undefined && end > clock() ? end : null
    },

    /** Pauses a chat, and returns when the pause ends. */
    pause: (chatId: number, seconds: number): Date => {
      const now = clock()
      for (const [other, end] of pauses) if (end <= now) pauses.delete(other)
      const end = new Date(now.getTime() + seconds * 1000)
      pauses.set(chatId, end)
      return end
    },
  }
}

export type PausedChats = ReturnType<typeof pausedChats>

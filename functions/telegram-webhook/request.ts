import type { ChatKind } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import type { Command } from './commands.ts'

/** The chat, the topic and the person that an update comes from. The reply goes to the same chat and topic. */
export interface Origin {
  chatId: number
  kind: ChatKind
  /** The topic of a forum; absent outside of topics. */
  threadId?: number
  /** Telegram's id of the person; the id of the chat for messages in the name of a chat (anonymous administrators). */
  personId: number
  /** The person's language as Telegram reports it. Only a chat that is not in the database yet takes it. */
  language: Language
  /** The person's first name, or ''. */
  name: string
}

/** What an update asks of the bot. */
export type RequestContent =
  | { kind: 'command'; command: Command; argument: string }
  /** A command that the bot does not have, in a private chat or addressed to the bot by name. */
  | { kind: 'unknownCommand' }
  | { kind: 'text'; text: string }
  /** A sticker, a photo or a voice message without text. */
  | { kind: 'media' }
  | { kind: 'press'; data: string; queryId: string; message: PressedMessage | null }
  /**
   * `member`: whether the bot may write to the chat now. `joined`: it may now, and could not before. `reason`: for the
   * log.
   */
  | { kind: 'membership'; member: boolean; joined: boolean; reason: string }
  /** The group became a supergroup with another id. */
  | { kind: 'moved'; toChatId: number }

/** A parsed update. */
export type BotRequest = RequestContent & { updateId: number; origin: Origin }
export type PressRequest = Extract<BotRequest, { kind: 'press' }>

/**
 * The message whose button was pressed. `shows` is unknown for messages of which Telegram sends no content (after 48
 * hours).
 */
export interface PressedMessage {
  id: number
  shows: 'photo' | 'text' | 'unknown'
}

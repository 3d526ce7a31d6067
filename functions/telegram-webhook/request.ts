import type { ChatKind } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import type { Command } from './commands.ts'

/** The chat, the topic and the person that an update comes from. The reply goes to the same chat and topic. */
export interface Origin {
  chatId: number
  kind: ChatKind
  /** The topic of a forum; absent outside of topics. */
  threadId?: number
  /** The person's message; absent for other updates than messages. */
  messageId?: number
  /** Telegram's id of the person; the id of the chat for messages in the name of a chat (anonymous administrators). */
  personId: number
  /** The person's language as Telegram reports it. It is used only if the language of the chat is not known. */
  language: Language
  /** The person's first name, or ''. */
  name: string
}

/** What an update asks of the bot. */
export type RequestContent =
  | { kind: 'command'; command: Command; argument: string }
  /** A command that the bot does not have, in a private chat or addressed to the bot by name. */
  | { kind: 'unknownCommand' }
  /** `repliedTo`: the message of the bot that the text replies to. */
  | { kind: 'text'; text: string; repliedTo?: number }
  /**
   * A reply to a message of the bot in a group. It matters only if the bot has asked the person for something, or if
   * the message is about an outage.
   */
  | { kind: 'answer'; text: string; repliedTo: number }
  /** A file, in a private chat or as a reply to a message of the bot: an answer to a question, or series to import. */
  | { kind: 'file'; fileId: string; name: string; bytes: number }
  /** The same for a photo. Telegram has made a JPEG of it. */
  | { kind: 'photo'; fileId: string; bytes: number }
  /** A sticker, a photo or a voice message without text. */
  | { kind: 'media' }
  | { kind: 'press'; data: string; queryId: string; message: PressedMessage | null }
  /**
   * `member`: whether the bot may write to the chat now. `joined`: whether the bot may write now but could not before
   * this update. `reason`: why the bot may not write. It is stored in the table `chat` if `member` is false.
   */
  | { kind: 'membership'; member: boolean; joined: boolean; reason: string }
  /** The group became a supergroup with another id. */
  | { kind: 'moved'; toChatId: number }

/** A parsed update. */
export type BotRequest = RequestContent & { updateId: number; origin: Origin }
export type PressRequest = Extract<BotRequest, { kind: 'press' }>

/**
 * The message whose button was pressed. `content` is `unknown` if the message is older than 48 hours, because Telegram
 * then sends only its id.
 */
export interface PressedMessage {
  id: number
  content: 'photo' | 'text' | 'unknown'
}

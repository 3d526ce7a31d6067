import type { ChatKind } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import type { VigiaEvent } from '#events/event.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import type { Html } from '#functions/telegram/html.ts'
import type { Command } from './commands.ts'
import type { Update } from './deferral.ts'

/** Where a person spoke, and so where the answer goes. */
export interface Place {
  chatId: number
  kind: ChatKind
  /** The topic of a forum, where it was asked in one. */
  threadId?: number
  /** Telegram's id of the person who spoke; of the chat, where somebody spoke in its name. */
  personId: number
  /** A guess from what Telegram tells of the person; only a chat that is new takes it. */
  language: Language
  /** First name of who spoke, or ''. */
  name: string
}

/** What an update asks of the bot, in its own words instead of Telegram's. */
export type Asked = { updateId: number; place: Place } & (
  | { kind: 'command'; command: Command; argument: string }
  /** In private, or in a group by the bot's own name: another bot's commands are none of ours. */
  | { kind: 'unknownCommand' }
  | { kind: 'text'; text: string }
  /** A sticker, a photo, a voice: nothing the bot can read. */
  | { kind: 'wordless' }
  | { kind: 'press'; data: string; queryId: string; message: PressedMessage | null }
  /** The bot may speak here, or no longer; `joined` when it could not before. `reason` in Telegram's words. */
  | { kind: 'membership'; member: boolean; joined: boolean; reason: string }
  | { kind: 'moved'; toChatId: number }
)
export type Pressed = Extract<Asked, { kind: 'press' }>

/** The message under which a button was pressed; `shows` is unknown where Telegram no longer hands it out (48 hours). */
export interface PressedMessage {
  id: number
  shows: 'photo' | 'text' | 'unknown'
}

export type Button = { text: string; press: Press } | { text: string; url: string }

/** A message as it should look. */
export interface View {
  html: Html
  /** URL of a picture above the text; left out where Telegram does not take it. */
  photo?: string | null
  buttons?: Button[][]
}

/** What the bot does at Telegram. */
export type Effect =
  | { do: 'send'; view: View }
  /** Puts the view in the place of the message whose button was pressed; `samePhoto` where only words and buttons change. */
  | { do: 'edit'; view: View; samePhoto?: boolean }
  /** The short note over a pressed button; without one the button just stops waiting. */
  | { do: 'toast'; text: string; alert?: boolean }

/** The answer to what was asked: said to the chat, and told to the other functions. */
export interface Answer {
  effects: Effect[]
  events?: VigiaEvent[]
}

/** A message that Telegram took only in a plainer form, or not at all, through a fault of ours: the operators should know. */
export interface Fault {
  code: number
  reason: string
  delivered: boolean
}

/** Telegram will not deliver to this chat: blocked, kicked, deleted. `fault` where it may be our mistake. */
export class ChatGone extends Error {
  override readonly name = 'ChatGone'
  readonly fault: Fault | null
  constructor(reason: string, fault: Fault | null = null) {
    super(reason)
    this.fault = fault
  }
}

/**
 * Does the effects where it was asked, or in the chat that replaced it. Throws ChatGone; TelegramError for 429, for a group that
 * moved and for a refused token; TelegramUnreachable.
 */
export interface Speak {
  (effects: readonly Effect[], inChat?: number): Promise<Fault[]>
  /** Whether a message may have reached the chat by now: Telegram took one, or gave no answer to a call that sends or edits one. */
  mayHaveSpoken(): boolean
}

/** The library that reads updates and calls Telegram, seen from the rule. */
export interface BotPort {
  /** Reads the update, and gives `answer` what it asks and the means to speak, until `signal` says that time is up. What `answer` throws comes out. */
  handle(update: Update, signal: AbortSignal, answer: (asked: Asked, speak: Speak) => Promise<void>): Promise<void>
  /** For what must be said outside of an answer: where an update came from, and the means to speak there. null for updates from nowhere. */
  placeOf(update: Update, signal: AbortSignal): { place: Place; speak: Speak } | null
}

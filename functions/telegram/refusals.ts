import { TelegramError } from './client.ts'

/** What a refusal of the Bot API means. Each function that calls Telegram decides what to do about it. */
export type Refusal =
  /** Too many requests (429). `retryAfterS` is the wait that Telegram asks for, or undefined if it names none. */
  | { kind: 'flood'; retryAfterS: number | undefined }
  /** The group became a supergroup, which has another id. */
  | { kind: 'chat-migrated'; to: number }
  /**
   * The token is not valid (401, or 404 if it does not even have the form of a token), or the bot's account is frozen.
   */
  | { kind: 'bot-disabled' }
  /** Another process uses the bot at the same time (409). */
  | { kind: 'bot-conflict' }
  /**
   * The user or the group does not allow the bot to write (403). `isExpected`: whether the reason is part of normal
   * use.
   */
  | { kind: 'chat-forbidden'; isExpected: boolean }
  /** The bot cannot write to a chat with this id. */
  | { kind: 'chat-not-found' }
  /** The bot has no permission to write in this group, or to send this kind of message to it. */
  | { kind: 'no-permission' }
  /**
   * The bot cannot write to the topic of a forum. `isDeleted`: whether the topic was deleted. If not, it is closed and
   * may be opened again.
   */
  | { kind: 'topic-unavailable'; isDeleted: boolean }
  /** An edit would change nothing: the message shows this content already. */
  | { kind: 'not-modified' }
  /** The message to edit or delete does not exist, is too old, or is of another kind. */
  | { kind: 'message-not-editable' }
  /** The press of a button was answered too late. */
  | { kind: 'query-expired' }
  /** Telegram cannot use this part of the message. */
  | { kind: 'markup' | 'length' | 'photo' | 'buttons' | 'reply' }
  | { kind: 'other' }

type KindByDescription = Exclude<
  Refusal['kind'],
  'flood' | 'chat-migrated' | 'bot-conflict' | 'chat-forbidden' | 'other'
>

/**
 * The kind of refusal for each description that Telegram writes. The first matching row is used. A description like
 * `Bad Request: chat not found` comes from the Bot API server (github.com/tdlib/telegram-bot-api), a description like
 * `PEER_ID_INVALID` from Telegram's own servers.
 */
const descriptions: readonly [KindByDescription, RegExp][] = [
  ['bot-disabled', /FROZEN/],
  ['chat-not-found', /chat not found|PEER_ID_INVALID|user not found|group chat was (upgraded|deactivated)/i],
  ['topic-unavailable', /thread not found|TOPIC_/i],
  ['not-modified', /message is not modified/i],
  [
    'message-not-editable',
    /message to (edit|delete) not found|message can't be (edited|deleted)|MESSAGE_ID_INVALID|there is no (text|caption|media) in the message/i,
  ],
  ['query-expired', /query is too old|query ID is invalid/i],
  ['no-permission', /not enough rights|have no rights|WRITE_FORBIDDEN|CHAT_RESTRICTED|SEND_\w+_FORBIDDEN/i],
  ['markup', /can't parse (entities|message text|caption)|ENTIT(Y|IES)_/i],
  ['length', /^(?!.*markup).*(too long|TOO_LONG)/is],
  ['photo', /HTTP URL|web page content|WEBPAGE_|PHOTO_|IMAGE_|MEDIA_|file identifier|wrong remote file|too big/i],
  ['buttons', /BUTTON_|reply markup|inline keyboard/i],
  ['reply', /repl(y|ied)/i],
]

/** The reasons for which Telegram answers 403 in normal use. The operators should look at any other reason. */
const expectedReasonsOf403 = /blocked|deactivated|initiate|kicked|not a member|deleted/i

const deletedTopic = /thread not found|TOPIC_(DELETED|ID_INVALID)/i

/**
 * Finds out what a refusal means: from the status and the parameters of Telegram's response, or else from its
 * description.
 */
export const refusalOf = ({
  code,
  description,
  retryAfter,
  migrateTo,
}: Pick<TelegramError, 'code' | 'description' | 'retryAfter' | 'migrateTo'>): Refusal => {
  if (code === 429) return { kind: 'flood', retryAfterS: retryAfter }
  if (migrateTo !== undefined) return { kind: 'chat-migrated', to: migrateTo }
  if (code === 401 || code === 404) return { kind: 'bot-disabled' }
  if (code === 409) return { kind: 'bot-conflict' }
  if (code === 403 && !/FROZEN/.test(description))
    return { kind: 'chat-forbidden', isExpected: expectedReasonsOf403.test(description) }
  const kind = descriptions.find(([, pattern]) => pattern.test(description))?.[0] ?? 'other'
  return kind === 'topic-unavailable' ? { kind, isDeleted: deletedTopic.test(description) } : { kind }
}

/** The kind of refusal that was thrown, or undefined for any other error. */
export const refusalKindOf = (error: unknown): Refusal['kind'] | undefined =>
  error instanceof TelegramError ? refusalOf(error).kind : undefined

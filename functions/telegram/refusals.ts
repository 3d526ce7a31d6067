import { TelegramError } from './client.ts'

/** What a refusal of the Bot API means. What to do about it is decided by each function that calls Telegram. */
export type Refusal =
  /** Too many requests (429). `retryAfterS`: the wait that Telegram asks for, where it names one. */
  | { kind: 'flood'; retryAfterS: number | undefined }
  /** The group became a supergroup, which has another id. */
  | { kind: 'chat-migrated'; to: number }
  /**
   * The token is not valid (401; 404 where it does not even have the form of a token), or the bot's account is frozen.
   */
  | { kind: 'bot-disabled' }
  /** Another process uses the bot at the same time (409). */
  | { kind: 'bot-conflict' }
  /**
   * The user or the group does not allow the bot to write (403). `isKnown`: for one of the reasons that are part of
   * normal use.
   */
  | { kind: 'chat-forbidden'; isKnown: boolean }
  /** No chat with this id can be written to. */
  | { kind: 'chat-not-found' }
  /** The bot may not write in this group, or not this kind of message. */
  | { kind: 'no-permission' }
  /**
   * The topic of a forum cannot be written to. `isDeleted`: it will not come back; a closed topic may be opened again.
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

type KindInWords = Exclude<Refusal['kind'], 'flood' | 'chat-migrated' | 'bot-conflict' | 'chat-forbidden' | 'other'>

/**
 * What Telegram writes, and what it means; the first row that matches counts. The descriptions come from the source of
 * the Bot API server (github.com/tdlib/telegram-bot-api) as `Bad Request: chat not found`, and from Telegram's own
 * servers as `PEER_ID_INVALID`.
 */
const descriptions: readonly [KindInWords, RegExp][] = [
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

/** Why Telegram answers 403 in normal use; any other reason is worth a look by the operators. */
const knownReasonsOf403 = /blocked|deactivated|initiate|kicked|not a member|deleted/i

const deletedTopic = /thread not found|TOPIC_(DELETED|ID_INVALID)/i

/**
 * What a refusal means: by the status and the parameters of Telegram's response, and where these do not say, by its
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
    return { kind: 'chat-forbidden', isKnown: knownReasonsOf403.test(description) }
  const kind = descriptions.find(([, pattern]) => pattern.test(description))?.[0] ?? 'other'
  return kind === 'topic-unavailable' ? { kind, isDeleted: deletedTopic.test(description) } : { kind }
}

/** The kind of refusal that was thrown, or undefined for any other error. */
export const refusalKindOf = (error: unknown): Refusal['kind'] | undefined =>
  error instanceof TelegramError ? refusalOf(error).kind : undefined

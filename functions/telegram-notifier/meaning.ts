import type { TelegramError } from '#functions/telegram/client.ts'

/** A part of a message that can be left out. */
export type Part = 'markup' | 'photo' | 'buttons' | 'reply' | 'topic' | 'length'

/** What an error of Telegram's means for the message. `tell`: the operators should hear of it. */
export type Meaning =
  /** Flood: again after so many seconds; costs no try. */
  | { is: 'flood'; seconds: number }
  /** The chat cannot be written to any more, until it speaks again. */
  | { is: 'gone'; tell: boolean }
  /** The group is a supergroup now and has another id. */
  | { is: 'moved'; to: number }
  /** It would go without this part. */
  | { is: 'plainer'; without: Part; tell: boolean }
  /** Nothing of ours goes: the token is no good, or the account is frozen. */
  | { is: 'stopped' }
  /** Telegram is in a state that passes, and the operators should look at. */
  | { is: 'later' }
  /** Never, and we do not know better: a fault of ours. */
  | { is: 'never' }

// Telegram's words come as `Bad Request: chat not found` or as `PEER_ID_INVALID`; case and prefixes vary between versions.
const says = (words: string, ...any: RegExp[]) => any.some(pattern => pattern.test(words))

/** The topic of a forum is gone; a closed one may open again. */
export const isTopicGone = (words: string): boolean => says(words, /thread not found/i, /TOPIC_(DELETED|ID_INVALID)/)

/** Reads an error of sendMessage or sendPhoto (reference: the table of errors in the server's source, github.com/tdlib/telegram-bot-api). */
export const meaningOf = ({ code, description: words, retryAfter, migrateTo }: TelegramError): Meaning => {
  if (code === 429) return { is: 'flood', seconds: retryAfter ?? 5 }
  if (migrateTo !== undefined) return { is: 'moved', to: migrateTo }
  if (code === 401 || says(words, /FROZEN/)) return { is: 'stopped' }
  // A token that is not even shaped like one is answered so.
  if (code === 404) return { is: 'stopped' }
  if (code === 409) return { is: 'later' }
  if (code === 403) {
    return {
      is: 'gone',
      tell: !says(words, /blocked/i, /deactivated/i, /initiate/i, /kicked/i, /not a member/i, /deleted/i),
    }
  }
  if (says(words, /chat not found/i, /PEER_ID_INVALID/, /user not found/i, /group chat was (upgraded|deactivated)/i)) {
    return { is: 'gone', tell: true }
  }
  if (says(words, /thread not found/i, /TOPIC_/)) return { is: 'plainer', without: 'topic', tell: false }
  if (
    says(words, /not enough rights/i, /have no rights/i, /WRITE_FORBIDDEN/, /CHAT_RESTRICTED/, /SEND_\w+_FORBIDDEN/)
  ) {
    return { is: 'gone', tell: false }
  }
  if (says(words, /can't parse entities/i, /ENTIT(Y|IES)_/)) return { is: 'plainer', without: 'markup', tell: true }
  if (says(words, /too long/i, /TOO_LONG/) && !says(words, /markup/i)) {
    return { is: 'plainer', without: 'length', tell: true }
  }
  if (
    says(
      words,
      /HTTP URL/i,
      /web page content/i,
      /WEBPAGE_/,
      /PHOTO_/,
      /IMAGE_/,
      /MEDIA_/,
      /file identifier/i,
      /too big/i,
    )
  ) {
    return { is: 'plainer', without: 'photo', tell: false }
  }
  if (says(words, /BUTTON_/, /reply markup/i, /inline keyboard/i))
    return { is: 'plainer', without: 'buttons', tell: true }
  if (says(words, /repl(y|ied)/i)) return { is: 'plainer', without: 'reply', tell: false }
  return { is: 'never' }
}

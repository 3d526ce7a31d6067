import type { Refusal } from '#functions/telegram/refusals.ts'

/** A part that a message can be sent without. `length` stands for the excess length: the text is cut. */
export type Part = 'markup' | 'photo' | 'buttons' | 'reply' | 'topic' | 'length'

/** What the notifier does about a refusal. `tellOperators`: whether the operators get a message.refused event. */
export type RefusalAction =
  /**
   * Send the message again after `seconds`. The attempt does not count, because Telegram itself asks for another one.
   */
  | { do: 'wait'; seconds: number }
  /** Give up the chat, with all messages that wait for it, until a user writes to the bot in this chat. */
  | { do: 'give up chat'; tellOperators: boolean }
  /** Send to the chat's new id. */
  | { do: 'migrate chat'; to: number }
  /** Send the message again without a part. */
  | { do: 'send without'; part: Part; tellOperators: boolean }
  /** Stop sending for a while: Telegram refuses everything that this bot sends. */
  | { do: 'pause bot' }
  /** Send the message again in a minute. The operators can find the cause in the meantime. */
  | { do: 'retry in a minute' }
  /** Give up the message: Telegram would refuse it again. */
  | { do: 'give up message' }

/** The wait after a 429 without `retry_after`. */
const defaultWaitS = 5

/** Decides what to do after Telegram refused a sendMessage or sendPhoto. */
export const actionFor = (refusal: Refusal): RefusalAction => {
  switch (refusal.kind) {
    case 'flood':
      return { do: 'wait', seconds: refusal.retryAfterS ?? defaultWaitS }
    case 'chat-migrated':
      return { do: 'migrate chat', to: refusal.to }
    case 'bot-disabled':
      return { do: 'pause bot' }
    case 'bot-conflict':
      return { do: 'retry in a minute' }
    case 'chat-forbidden':
      return { do: 'give up chat', tellOperators: !refusal.isExpected }
    case 'chat-not-found':
      return { do: 'give up chat', tellOperators: true }
    case 'no-permission':
      return { do: 'give up chat', tellOperators: false }
    case 'topic-unavailable':
      return { do: 'send without', part: 'topic', tellOperators: false }
    case 'photo':
    case 'reply':
      return { do: 'send without', part: refusal.kind, tellOperators: false }
    case 'markup':
    case 'length':
    case 'buttons':
      return { do: 'send without', part: refusal.kind, tellOperators: true }
    // The first three kinds are refusals of an edit or of the answer to a button press. The notifier makes neither of
    // these calls.
    case 'not-modified':
    case 'message-not-editable':
    case 'query-expired':
    case 'other':
      return { do: 'give up message' }
    default:
      return refusal satisfies never
  }
}

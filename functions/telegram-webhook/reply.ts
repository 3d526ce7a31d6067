import type { VigiaEvent } from '#events/event.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import type { Html } from '#functions/telegram/html.ts'

export type Button = { text: string; press: Press } | { text: string; url: string } | { text: string; copy: string }

/** The content of a message. */
export interface View {
  html: Html
  /** URL of a picture above the text. The message is sent without the picture if Telegram refuses it. */
  photo?: string | null
  buttons?: Button[][]
  /** The message is sent only at once. It is not given to the outbox, which would store the secret. */
  isSecret?: boolean
}

/** One action of the bot at Telegram. */
export type Effect =
  | { do: 'send'; view: View }
  /** Replaces the message whose button was pressed. `samePhoto`: only the text and the buttons change. */
  | { do: 'edit'; view: View; samePhoto?: boolean }
  /** Replaces only the buttons of the message whose button was pressed. */
  | { do: 'buttons'; buttons: Button[][] }
  /**
   * Sends a file with a text below it. The outbox cannot send it: if Telegram asks for a wait, the update is repeated.
   */
  | { do: 'document'; file: { name: string; bytes: Buffer }; html: Html }
  /** A short notice above the chat after a button press; `alert` shows it as a dialog. */
  | { do: 'toast'; text: string; alert?: boolean }

/** The reply to a request: actions in the chat, and events for the other functions. */
export interface Reply {
  effects: Effect[]
  events?: VigiaEvent[]
}

/** A reply that sends one message. */
export const sendReply = (view: View): Reply => ({ effects: [{ do: 'send', view }] })

/** A reply that replaces the message whose button was pressed. */
export const editReply = (view: View): Reply => ({ effects: [{ do: 'edit', view }] })

/** A reply that only shows a toast; as a dialog if `alert`. */
export const toastReply = (text: string, alert = false): Reply => ({
  effects: [{ do: 'toast', text, ...(alert ? { alert } : {}) }],
})

import type { DraftContent, MonitorDraft } from '#database/uptime/monitor-drafts.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import type { ChatContext } from '../context.ts'
import type { Refused } from '../monitor-fields.ts'

export type { Refused }

/** A draft with what its fields depend on. */
export interface Drafting {
  context: ChatContext
  draft: MonitorDraft
  /** The monitors of the chat. */
  monitors: readonly Monitor[]
}

/** A button that fills in a field. The value is at most 16 letters, digits and hyphens. */
export interface Choice {
  text: string
  value: string
}

/** Changes of a draft. `undefined` removes a value. */
export type DraftChanges = { [Name in keyof DraftContent]?: DraftContent[Name] | undefined } & {
  /** Passwords, tokens and certificates, by name. Those that the settings do not need are removed. */
  secrets?: Readonly<Record<string, string>>
}

/** A refused text. `isSecret`: it contains a password or a key, so its message must not stay in the chat. */
export type RefusedText = Refused & { isSecret?: boolean }

type Awaitable<Value> = Value | Promise<Value>

/** A field of a monitor that a person fills in by a button or by a text. */
export interface Field {
  /** Whether the field makes sense for this draft. By default it does. */
  isOffered?(drafting: Drafting): boolean
  choices(drafting: Drafting): Choice[]
  /**
   * What a button means; null for a button that the bot did not offer. Without this function a value means what its
   * text means.
   */
  choose?(drafting: Drafting, value: string): Awaitable<DraftChanges | null>
  /** What a text means, or why it cannot be used. Absent: the field takes no text. */
  read?(drafting: Drafting, text: string): Awaitable<DraftChanges | RefusedText>
  /** Whether the text may come as a file. */
  takesFile?: boolean
  /** Whether the text is a secret. Its message is deleted where Telegram permits. */
  isSecret?: boolean
  /** The present value; null if there is none. */
  show(drafting: Drafting): string | null
  /** Whether the present value can be removed. Then the button `none` removes it. */
  isRemovable?(drafting: Drafting): boolean
}

/** The value of the button that removes a value. */
export const none = '-'

import type { Entity, InlineButton } from './bot-api.ts'

/** A result of an inline query as a person sees it above the text field. */
export interface InlineResult {
  id: string
  title: string
  description: string
  thumbnail: string | null
  /** The message that the person sends by choosing the result. */
  message: { text: string; entities: Entity[]; buttons: InlineButton[][] }
}

/** What a person sees after typing `@bot query`. */
export interface InlineAnswer {
  results: InlineResult[]
  /** The button above the results, which opens the private chat and sends `/start <parameter>`. */
  button: { text: string; parameter: string } | null
}

/** What a person has typed after the name of the bot. */
export interface InlineQuery {
  personId: number
  key: string
  /** Unix seconds. */
  at: number
  answer?: InlineAnswer
}

/** The inline queries of one bot, and the answers that Telegram's server keeps. */
export interface InlineQueries {
  byId: Map<string, InlineQuery>
  kept: Map<string, { answer: InlineAnswer; until: number }>
}

export const inlineQueries = (): InlineQueries => ({ byId: new Map(), kept: new Map() })

import type { Language } from '#database/chats/language.ts'
import { en } from './en.ts'
import { type BotMessages, ptBR } from './pt-BR.ts'

export type { BotMessages }

/** The bot's messages by language. */
export const botMessages: Record<Language, BotMessages> = { 'pt-BR': ptBR, en }

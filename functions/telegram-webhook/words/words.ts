import type { Language } from '#database/chats/language.ts'
import { en } from './en.ts'
import { ptBR, type Words } from './pt-BR.ts'

export type { Words }

export const words: Record<Language, Words> = { 'pt-BR': ptBR, en }

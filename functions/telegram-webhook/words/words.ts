import type { Language } from '#database/chats/language.ts'
import { en } from './en.ts'
import { ptBR } from './pt-BR.ts'

type Widened<Value> = Value extends string
  ? string
  : Value extends (...args: infer Args) => infer Result
    ? (...args: Args) => Result
    : { [Key in keyof Value]: Widened<Value[Key]> }

/** What the bot can say; every language says all of it. */
export type Words = Widened<typeof ptBR>

export const words: Record<Language, Words> = { 'pt-BR': ptBR, en }

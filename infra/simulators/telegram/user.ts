import { typeInline } from './inline-mode.ts'
import type { InlineAnswer } from './inline-queries.ts'
import { changeMembership } from './membership.ts'
import { type Participant, participant } from './participant.ts'
import { type Bot, notifyWatchers, type Person, privateChat, type TelegramState } from './state.ts'

/** A person in their private chat with the bot. */
export interface SimulatedUser extends Participant {
  readonly id: number
  readonly name: string
  /** Blocks the bot, as in the menu of the chat. */
  block(): void
  unblock(): void
  isBlocked(): boolean
  /** Types `@bot query` in any chat. The result gives the answer, or null while there is none. */
  typesInline(query: string): () => InlineAnswer | null
  /** Deletes the person's Telegram account. */
  deactivate(): void
  /** Sets Telegram's `language_code`, such as `pt-br`. */
  setLanguage(code: string | undefined): void
}

export const addPerson = (
  state: TelegramState,
  name: string,
  languageCode: string | undefined,
  id?: number,
): Person => {
  const person: Person = {
    id: id ?? state.nextPersonId++,
    firstName: name,
    ...(languageCode === undefined ? {} : { languageCode }),
    deactivated: false,
  }
  state.people.set(person.id, person)
  return person
}

export const simulatedUser = (state: TelegramState, bot: Bot, person: Person): SimulatedUser => {
  const chat = privateChat(bot, person)
  const setBlocked = (blocked: boolean) => {
    if (chat.blocked === blocked) return
    chat.blocked = blocked
    changeMembership(state, bot, chat, person, blocked ? 'kicked' : 'member')
  }
  return {
    ...participant(state, bot, chat, person),
    id: person.id,
    name: person.firstName,
    block: () => setBlocked(true),
    unblock: () => setBlocked(false),
    isBlocked: () => chat.blocked,
    typesInline: query => typeInline(state, bot, person, query),
    deactivate: () => {
      person.deactivated = true
      notifyWatchers(state, bot, chat.id)
    },
    setLanguage: code => {
      if (code === undefined) delete person.languageCode
      else person.languageCode = code
    },
  }
}

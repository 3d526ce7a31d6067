import type { Language } from '#database/chats/language.ts'
import type { BotCommand } from './bot-api.ts'
import type { Hint } from './page/hints.ts'
import { pageTexts } from './page/texts.ts'
import { type VisibleMessage, visibleMessage } from './participant.ts'
import type { Bot, Person, TelegramState } from './state.ts'
import type { SimulatedUser } from './user.ts'

/** The two chats of the page: with the main bot and with the operators' bot. */
export type Pane = 'main' | 'operators'

/** One bot and the person's private chat with it. */
export interface PaneChat {
  bot: Bot
  user: SimulatedUser
}

/** One conversation as the chat page and the terminal client show it. */
export interface Conversation {
  pane: Pane
  name: string
  username: string
  isBlocked: boolean
  messages: (Omit<VisibleMessage, 'at'> & { at: string })[]
  commands: BotCommand[]
  /** The bot's answers to button presses, by the query id that `press` returned. */
  answers: Record<string, { text: string; alert: boolean }>
}

/** The JSON of /chat/api/state and of each message of /chat/api/stream. */
export interface ChatState {
  language: Language
  conversations: Conversation[]
  hints: Hint[]
}

const maxShownMessages = 200
const maxShownAnswers = 30

export const conversationOf = (
  state: TelegramState,
  person: Person,
  pane: Pane,
  { bot, user }: PaneChat,
  language: Language,
): Conversation => {
  const shown = (bot.chats.get(user.chatId)?.messages ?? []).filter(({ deleted }) => !deleted).slice(-maxShownMessages)
  const queries = [...bot.queries.values()].slice(-maxShownAnswers)
  const menu = bot.commands.get(language === 'pt-BR' ? 'default|pt' : 'default|en')
  return {
    pane,
    name: pageTexts[language].bots[pane],
    username: bot.username,
    isBlocked: user.isBlocked(),
    messages: shown.map(message => {
      const { at, ...rest } = visibleMessage(state, person, message)
      return { ...rest, at: at.toISOString() }
    }),
    commands: menu ?? bot.commands.get('default|') ?? [],
    answers: Object.fromEntries(queries.flatMap(({ id, answer }) => (answer === undefined ? [] : [[id, answer]]))),
  }
}

import type { Args } from './args.ts'
import type { User } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'
import { type Bot, botUser, notifyWatchers, type TelegramState, unixSeconds } from './state.ts'

export const getMe = (_state: TelegramState, bot: Bot): User & Record<string, unknown> => ({
  ...botUser(bot),
  can_join_groups: true,
  can_read_all_group_messages: false,
  supports_inline_queries: true,
  can_connect_to_business: false,
  has_main_web_app: false,
})

/**
 * How long a bot may take to answer a button press. Telegram documents no limit; its apps stop waiting after about a
 * minute.
 */
const queryLifetimeS = 60

export const answerCallbackQuery = (state: TelegramState, bot: Bot, args: Args): true => {
  const text = args.text('text')
  const query = bot.queries.get(args.text('callback_query_id'))
  const isTooLate = query !== undefined && unixSeconds(state.time) - query.at > queryLifetimeS
  if (query === undefined || isTooLate || query.answer !== undefined) {
    throw badRequest('query is too old and response timeout expired or query ID is invalid')
  }
  if (text.length > 200) throw badRequest('MESSAGE_TOO_LONG')
  query.answer = { text, alert: args.flag('show_alert') }
  notifyWatchers(state, bot, query.chatId)
  return true
}

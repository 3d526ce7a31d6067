import { knownChat } from './addressing.ts'
import type { Args } from './args.ts'
import type { BotCommand, ChatMember, User, WebhookInfo } from './bot-api.ts'
import { badRequest, tooManyRequests } from './bot-api-error.ts'
import { apiChat, type Bot, botUser, memberOf, notifyWatchers, type TelegramState, unixSeconds } from './state.ts'

export const getMe = (_world: TelegramState, bot: Bot): User & Record<string, unknown> => ({
  ...botUser(bot),
  can_join_groups: true,
  can_read_all_group_messages: false,
  supports_inline_queries: false,
  can_connect_to_business: false,
  has_main_web_app: false,
})

/** How long a press may wait for its answer. Telegram does not say; its clients give up after about a minute. */
const queryLifetimeS = 60

export const answerCallbackQuery = (state: TelegramState, bot: Bot, args: Args): true => {
  const text = args.text('text')
  const query = bot.queries.get(args.text('callback_query_id'))
  const late = query !== undefined && unixSeconds(state.time) - query.at > queryLifetimeS
  if (query === undefined || late || query.answer !== undefined) {
    throw badRequest('query is too old and response timeout expired or query ID is invalid')
  }
  if (text.length > 200) throw badRequest('MESSAGE_TOO_LONG')
  query.answer = { text, alert: args.flag('show_alert') }
  notifyWatchers(state, bot, query.chatId)
  return true
}

const ACTIONS = new Set(
  (
    'typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker ' +
    'find_location record_video_note upload_video_note'
  ).split(' '),
)

export const sendChatAction = (state: TelegramState, bot: Bot, args: Args): true => {
  if (!ACTIONS.has(args.text('action').toLowerCase())) throw badRequest('wrong parameter action in request')
  knownChat(state, bot, args)
  return true
}

export const getChat = (state: TelegramState, bot: Bot, args: Args): object => {
  const chat = knownChat(state, bot, args)
  return { ...apiChat(state, chat), accent_color_id: 0, max_reaction_count: 11, accepted_gift_types: {} }
}

export const getChatMember = (state: TelegramState, bot: Bot, args: Args): ChatMember => {
  const chat = knownChat(state, bot, args)
  const member = memberOf(state, bot, chat, args.integer('user_id') ?? 0)
  if (member === null) throw badRequest('PARTICIPANT_ID_INVALID')
  return member
}

const maxCommands = 100

export const setMyCommands = (_world: TelegramState, bot: Bot, args: Args): true => {
  const given = args.has('commands') ? args.json('commands') : []
  if (given === undefined) throw badRequest("can't parse commands JSON object")
  if (!Array.isArray(given)) throw badRequest('expected an Array of BotCommand')
  const commands = given.map(commandOf)
  if (commands.length > maxCommands) throw badRequest('BOT_COMMANDS_TOO_MUCH')
  const key = menuKey(args)
  if (commands.length === 0) bot.commands.delete(key)
  else bot.commands.set(key, commands)
  return true
}

export const getMyCommands = (_world: TelegramState, bot: Bot, args: Args): BotCommand[] =>
  bot.commands.get(menuKey(args)) ?? []

export const deleteMyCommands = (_world: TelegramState, bot: Bot, args: Args): true => {
  bot.commands.delete(menuKey(args))
  return true
}

const commandOf = (given: unknown): BotCommand => {
  const refuse = (message: string) => badRequest(`can't parse BotCommand: ${message}`)
  if (given === null || typeof given !== 'object') throw refuse('expected an Object')
  const { command, description } = given as Record<string, unknown>
  if (typeof command !== 'string') throw refuse('Can\'t find field "command"')
  if (typeof description !== 'string') throw refuse('Can\'t find field "description"')
  const name = command.trim().replace(/^\//, '')
  const said = description.trim()
  if (name === '') throw badRequest('command must be non-empty')
  if ([...name].length > 32) throw badRequest('command length must not exceed 32')
  if (said === '') throw badRequest('command description must be non-empty')
  if ([...said].length > 256) throw badRequest('command description length must not exceed 256')
  if (!/^[a-z0-9_]+$/.test(name)) throw badRequest('BOT_COMMAND_INVALID')
  return { command: name, description: said }
}

const simpleScopes = ['default', 'all_private_chats', 'all_group_chats', 'all_chat_administrators']

const menuKey = (args: Args): string => `${scopeOf(args)}|${languageOf(args)}`

const scopeOf = (args: Args): string => {
  if (!args.has('scope')) return 'default'
  const scope = args.json('scope')
  const refuse = (message: string) => badRequest(`can't parse BotCommandScope: ${message}`)
  if (scope === undefined) throw badRequest("can't parse BotCommandScope JSON object")
  if (scope === null || typeof scope !== 'object') throw refuse('BotCommandScope must be an Object')
  const { type, chat_id, user_id } = scope as Record<string, unknown>
  if (typeof type !== 'string') throw refuse('Can\'t find field "type"')
  if (simpleScopes.includes(type)) return type
  if (!['chat', 'chat_administrators', 'chat_member'].includes(type)) throw refuse('Unsupported type specified')
  if (!chat_id) throw refuse('Empty chat_id specified')
  if (type !== 'chat_member') return `${type}:${String(chat_id)}`
  if (!(Number(user_id) > 0)) throw refuse('Invalid user_id specified')
  return `${type}:${String(chat_id)}:${String(user_id)}`
}

const languageOf = (args: Args): string => {
  const code = args.text('language_code')
  if (code !== '' && !/^[a-z]{2}$/.test(code)) throw badRequest('invalid language code specified')
  return code
}

/** setMyName, setMyDescription and setMyShortDescription are one thing with three limits. */
export const setText =
  (field: 'name' | 'description' | 'short_description', limit: number) =>
  (_world: TelegramState, bot: Bot, args: Args): true => {
    const text = args.text(field).trim()
    const language = languageOf(args)
    if ([...text].length > limit) {
      throw badRequest(
        field === 'name'
          ? 'BOT_TITLE_INVALID'
          : field === 'description'
            ? 'BOT_DESCRIPTION_TOO_LONG'
            : 'ABOUT_TOO_LONG',
      )
    }
    bot.texts.set(`${field}|${language}`, text)
    return true
  }

export const getText =
  (field: 'name' | 'description' | 'short_description') =>
  (_world: TelegramState, bot: Bot, args: Args): Record<string, string> => {
    const fallback = bot.texts.get(`${field}|`) ?? (field === 'name' ? bot.name : '')
    return { [field]: bot.texts.get(`${field}|${languageOf(args)}`) ?? fallback }
  }

const webhookConnections = { usual: 40, most: 100 }
const webhookPorts = ['', '443', '80', '88', '8443']
const nextSetAllowed = new WeakMap<Bot, number>()

/** A name or address of this machine: the one kind of webhook that the simulator takes without HTTPS. */
const isLocal = (url: URL) => /(^|\.)localhost$|^127\.|^\[::1\]$/i.test(url.hostname)

export const setWebhook = (state: TelegramState, bot: Bot, args: Args): { result: true; description: string } => {
  const given = args.text('url')
  if (given === '') return deleteWebhook(state, bot, args)
  const now = state.time.now().getTime()
  if (now < (nextSetAllowed.get(bot) ?? 0)) throw tooManyRequests(1)
  const secret = args.text('secret_token')
  const url = webhookUrl(given)
  if (Buffer.byteLength(secret) > 256) throw badRequest('secret token is too long')
  if (!/^[A-Za-z0-9_-]*$/.test(secret)) throw badRequest('secret token contains unallowed characters')
  if (!isLocal(url)) {
    if (url.protocol !== 'https:') throw badRequest('bad webhook: An HTTPS URL must be provided for webhook')
    if (!webhookPorts.includes(url.port)) {
      throw badRequest('bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443')
    }
  }
  nextSetAllowed.set(bot, now + 1000)
  setAllowedUpdates(bot, args)
  if (args.flag('drop_pending_updates')) bot.updates.clear()
  const wanted = args.integer('max_connections') ?? webhookConnections.usual
  const maxConnections = Math.min(webhookConnections.most, Math.max(1, wanted))
  const old = bot.webhook.settings()
  if (old?.url === url.href && old.secret === secret && old.maxConnections === maxConnections) {
    return { result: true, description: 'Webhook is already set' }
  }
  bot.webhook.set({ url: url.href, secret, maxConnections })
  return { result: true, description: 'Webhook was set' }
}

const webhookUrl = (given: string): URL => {
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(given) ? given : `https://${given}`)
    if (/^https?:$/.test(url.protocol)) return url
  } catch {
    // Refused below, like any other thing that is no web address.
  }
  throw badRequest('invalid webhook URL specified')
}

export const deleteWebhook = (_world: TelegramState, bot: Bot, args: Args): { result: true; description: string } => {
  const was = bot.webhook.settings() !== null
  if (args.flag('drop_pending_updates')) bot.updates.clear()
  bot.webhook.remove()
  return { result: true, description: was ? 'Webhook was deleted' : 'Webhook is already deleted' }
}

export const getWebhookInfo = (_world: TelegramState, bot: Bot): WebhookInfo => {
  const settings = bot.webhook.settings()
  const error = bot.webhook.lastError()
  return {
    url: settings?.url ?? '',
    has_custom_certificate: false,
    pending_update_count: bot.updates.pending().length,
    ...(error === null
      ? {}
      : { last_error_date: Math.floor(error.at.getTime() / 1000), last_error_message: error.message }),
    ...(settings === null ? {} : { max_connections: settings.maxConnections, ip_address: '127.0.0.1' }),
    ...(bot.allowedUpdates === null ? {} : { allowed_updates: bot.allowedUpdates }),
  }
}

/** Without the argument the former choice stays; an empty list is Telegram's default. */
export const setAllowedUpdates = (bot: Bot, args: Args): void => {
  if (!args.has('allowed_updates')) return
  const kinds = args.json('allowed_updates')
  if (!Array.isArray(kinds)) return
  bot.allowedUpdates = kinds.length === 0 ? null : kinds.map(kind => String(kind).toLowerCase())
}

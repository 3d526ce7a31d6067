import type { Args } from './args.ts'
import type { BotCommand } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'
import type { Bot, TelegramState } from './state.ts'

// The bot's command menus, description and short description.

const maxCommands = 100

export const setMyCommands = (_state: TelegramState, bot: Bot, args: Args): true => {
  const given = args.has('commands') ? args.json('commands') : []
  if (given === undefined) throw badRequest("can't parse commands JSON object")
  if (!Array.isArray(given)) throw badRequest('expected an Array of BotCommand')
  const commands = given.map(parseCommand)
  if (commands.length > maxCommands) throw badRequest('BOT_COMMANDS_TOO_MUCH')
  const key = menuKeyOf(args)
  if (commands.length === 0) bot.commands.delete(key)
  else bot.commands.set(key, commands)
  return true
}

export const getMyCommands = (_state: TelegramState, bot: Bot, args: Args): BotCommand[] =>
  bot.commands.get(menuKeyOf(args)) ?? []

export const deleteMyCommands = (_state: TelegramState, bot: Bot, args: Args): true => {
  bot.commands.delete(menuKeyOf(args))
  return true
}

const parseCommand = (given: unknown): BotCommand => {
  const refuse = (message: string) => badRequest(`can't parse BotCommand: ${message}`)
  if (given === null || typeof given !== 'object') throw refuse('expected an Object')
  const { command, description } = given as Record<string, unknown>
  if (typeof command !== 'string') throw refuse('Can\'t find field "command"')
  if (typeof description !== 'string') throw refuse('Can\'t find field "description"')
  const name = command.trim().replace(/^\//, '')
  const text = description.trim()
  if (name === '') throw badRequest('command must be non-empty')
  if ([...name].length > 32) throw badRequest('command length must not exceed 32')
  if (text === '') throw badRequest('command description must be non-empty')
  if ([...text].length > 256) throw badRequest('command description length must not exceed 256')
  if (!/^[a-z0-9_]+$/.test(name)) throw badRequest('BOT_COMMAND_INVALID')
  return { command: name, description: text }
}

/** The scopes that do not need a chat id. */
const scopesWithoutChat = ['default', 'all_private_chats', 'all_group_chats', 'all_chat_administrators']
const scopesWithChat = ['chat', 'chat_administrators', 'chat_member']

const menuKeyOf = (args: Args): string => `${scopeOf(args)}|${languageOf(args)}`

const scopeOf = (args: Args): string => {
  if (!args.has('scope')) return 'default'
  const scope = args.json('scope')
  const refuse = (message: string) => badRequest(`can't parse BotCommandScope: ${message}`)
  if (scope === undefined) throw badRequest("can't parse BotCommandScope JSON object")
  if (scope === null || typeof scope !== 'object') throw refuse('BotCommandScope must be an Object')
  const { type, chat_id, user_id } = scope as Record<string, unknown>
  if (typeof type !== 'string') throw refuse('Can\'t find field "type"')
  if (scopesWithoutChat.includes(type)) return type
  if (!scopesWithChat.includes(type)) throw refuse('Unsupported type specified')
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

type TextField = 'description' | 'short_description'

/**
 * Creates setMyDescription or setMyShortDescription, which differ in the field and in the maximum length, in
 * characters.
 */
export const setText =
  (field: TextField, maxLength: number) =>
  (_state: TelegramState, bot: Bot, args: Args): true => {
    const text = args.text(field).trim()
    const language = languageOf(args)
    if ([...text].length > maxLength) {
      throw badRequest(field === 'description' ? 'BOT_DESCRIPTION_TOO_LONG' : 'ABOUT_TOO_LONG')
    }
    bot.texts.set(`${field}|${language}`, text)
    return true
  }

/**
 * Creates getMyDescription or getMyShortDescription, which return the text in the given language, or else the text
 * without a language.
 */
export const getText =
  (field: TextField) =>
  (_state: TelegramState, bot: Bot, args: Args): Record<string, string> => ({
    [field]: bot.texts.get(`${field}|${languageOf(args)}`) ?? bot.texts.get(`${field}|`) ?? '',
  })

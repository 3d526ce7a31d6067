import type { Args } from './args.ts'
import { BotApiError } from './bot-api-error.ts'
import { answerCallbackQuery, getMe } from './chat-methods.ts'
import {
  deleteMessage,
  editMessageCaption,
  editMessageMedia,
  editMessageReplyMarkup,
  editMessageText,
} from './editing.ts'
import { getFile } from './files.ts'
import { answerInlineQuery } from './inline-mode.ts'
import { getChatAdministrators, getChatMember } from './members.ts'
import { deleteMyCommands, getMyCommands, getText, setMyCommands, setText } from './profile-methods.ts'
import { sendDocument, sendMessage, sendPhoto } from './sending.ts'
import type { Bot, TelegramState } from './state.ts'
import { deleteWebhook, getWebhookInfo, setWebhook } from './webhook-methods.ts'

type Method = (state: TelegramState, bot: Bot, args: Args) => unknown

/** A method whose response has a `description` in addition to the `result`. */
type MethodWithDescription = (state: TelegramState, bot: Bot, args: Args) => { result: true; description: string }

/**
 * The methods by name in lower case, because Telegram ignores the case. getUpdates is in polling.ts, because getUpdates
 * may wait.
 */
const methods: Record<string, Method> = {
  getme: getMe,
  getfile: getFile,
  sendmessage: sendMessage,
  sendphoto: sendPhoto,
  senddocument: sendDocument,
  editmessagetext: editMessageText,
  editmessagecaption: editMessageCaption,
  editmessagereplymarkup: editMessageReplyMarkup,
  editmessagemedia: editMessageMedia,
  deletemessage: deleteMessage,
  answercallbackquery: answerCallbackQuery,
  answerinlinequery: answerInlineQuery,
  getchatmember: getChatMember,
  getchatadministrators: getChatAdministrators,
  setmycommands: setMyCommands,
  getmycommands: getMyCommands,
  deletemycommands: deleteMyCommands,
  setmydescription: setText('description', 512),
  getmydescription: getText('description'),
  setmyshortdescription: setText('short_description', 120),
  getmyshortdescription: getText('short_description'),
  getwebhookinfo: getWebhookInfo,
}

const methodsWithDescription: Record<string, MethodWithDescription> = {
  setwebhook: setWebhook,
  deletewebhook: deleteWebhook,
}

/** Runs a method for a bot and returns the fields of its response. Throws a BotApiError if Telegram would refuse it. */
export const runMethod = (
  state: TelegramState,
  bot: Bot,
  method: string,
  args: Args,
): { result: unknown; description?: string } => {
  const name = method.toLowerCase()
  const withDescription = Object.hasOwn(methodsWithDescription, name) ? methodsWithDescription[name] : undefined
  if (withDescription !== undefined) return withDescription(state, bot, args)
  const run = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (run === undefined) throw new BotApiError(404, 'Not Found: method not found')
  return { result: run(state, bot, args) }
}

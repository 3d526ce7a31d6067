import type { Args } from './args.ts'
import { BotApiError } from './bot-api-error.ts'
import {
  deleteMessage,
  editMessageCaption,
  editMessageMedia,
  editMessageReplyMarkup,
  editMessageText,
} from './editing.ts'
import { sendMediaGroup, sendMessage, sendPhoto } from './sending.ts'
import type { Bot, TelegramState } from './state.ts'
import {
  answerCallbackQuery,
  deleteMyCommands,
  deleteWebhook,
  getChat,
  getChatMember,
  getMe,
  getMyCommands,
  getText,
  getWebhookInfo,
  sendChatAction,
  setMyCommands,
  setText,
  setWebhook,
} from './surface.ts'

type Method = (state: TelegramState, bot: Bot, args: Args) => unknown

/** Answers that carry words beside their result. */
type MethodWithDescription = (state: TelegramState, bot: Bot, args: Args) => { result: true; description: string }

const methods: Record<string, Method> = {
  getme: getMe,
  sendmessage: sendMessage,
  sendphoto: sendPhoto,
  sendmediagroup: sendMediaGroup,
  editmessagetext: editMessageText,
  editmessagecaption: editMessageCaption,
  editmessagereplymarkup: editMessageReplyMarkup,
  editmessagemedia: editMessageMedia,
  deletemessage: deleteMessage,
  answercallbackquery: answerCallbackQuery,
  sendchataction: sendChatAction,
  getchat: getChat,
  getchatmember: getChatMember,
  setmycommands: setMyCommands,
  getmycommands: getMyCommands,
  deletemycommands: deleteMyCommands,
  setmyname: setText('name', 64),
  getmyname: getText('name'),
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

/** Runs a method for a bot: the body of the answer, or a Refusal thrown. getUpdates waits, so it lives in polling.ts. */
export const runMethod = (
  state: TelegramState,
  bot: Bot,
  method: string,
  args: Args,
): { result: unknown; description?: string } => {
  const name = method.toLowerCase()
  const described = Object.hasOwn(methodsWithDescription, name) ? methodsWithDescription[name] : undefined
  if (described !== undefined) return described(state, bot, args)
  const plain = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (plain === undefined) throw new BotApiError(404, 'Not Found: method not found')
  return { result: plain(state, bot, args) }
}

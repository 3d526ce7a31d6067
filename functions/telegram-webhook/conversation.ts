import type { Cause } from '#events/event.ts'
import { isShowId } from '#events/ranges.ts'
import { decode } from '#functions/telegram/callback-data.ts'
import type { Command } from './commands.ts'
import type { ChatContext, Dependencies } from './context.ts'
import { botMessages } from './messages/messages.ts'
import { monitor, monitorsList, pressedMonitor, suggestion } from './monitors.ts'
import { label } from './pages.ts'
import { editReply, type Reply, sendReply, toastReply } from './reply.ts'
import type { BotRequest, PressRequest } from './request.ts'
import { today, upcoming } from './schedule.ts'
import { follow, refollow, search, showCard, turnPage, unfollow } from './search.ts'
import { removeSeries, restoreSeries, seriesList } from './series.ts'
import {
  askedForLanguage,
  askedForZone,
  greeting,
  help,
  howToSearch,
  menu,
  setLanguage,
  setZone,
  zoneChoice,
} from './settings.ts'
import { smallTalk } from './small-talk.ts'
import { validZone } from './zones.ts'

const nothing: Reply = { effects: [] }

/** What the bot answers. BotRequest the same again (Telegram or the broker brings an update twice), it leaves the same behind. */
export const conversation = async (request: BotRequest, deps: Dependencies, cause: Cause): Promise<Reply> => {
  const { origin } = request
  if (request.kind === 'moved') {
    await deps.chats.migrate(origin.chatId, request.toChatId)
    return nothing
  }
  if (request.kind === 'membership' && !request.member) {
    await deps.chats.markUnreachable(origin.chatId, request.reason)
    return nothing
  }
  if (origin.kind === 'channel') {
    // A channel is told once, when the bot may post there; nothing is kept of it.
    const joined = request.kind === 'membership' && request.joined
    return joined ? sendReply({ html: botMessages[origin.language].noChannels() }) : nothing
  }
  const known = await deps.chats.find(origin.chatId)
  const chat =
    known && !known.unreachableSince && known.kind === origin.kind
      ? known
      : await deps.chats.upsert({ id: origin.chatId, kind: origin.kind, language: origin.language })
  const context: ChatContext = { deps, chat, origin, cause, messages: botMessages[chat.language] }
  switch (request.kind) {
    case 'command':
      return commanded(context, request.command, request.argument, known === null)
    case 'text':
      return saidText(context, request.text)
    case 'press':
      return pressed(context, request)
    case 'unknownCommand':
      return sendReply({ html: context.messages.unknownCommand() })
    case 'media':
      return sendReply({ html: context.messages.wordless() })
    case 'membership':
      return chat.kind === 'private' || !request.joined ? nothing : sendReply(greeting(context))
    default:
      return request satisfies never
  }
}

const commanded = async (context: ChatContext, command: Command, argument: string, isNew: boolean): Promise<Reply> => {
  switch (command) {
    case 'start': {
      // A link of ours (t.me/<bot>?start=s_82), but anybody can make one up.
      const show = /^s_(\d{1,10})$/.exec(argument)?.[1]
      if (isShowId(Number(show))) return showCard(context, Number(show))
      return sendReply(isNew ? greeting(context) : menu(context))
    }
    case 'help':
      return sendReply(help(context))
    case 'search':
      return searchedFor(context, argument)
    case 'series':
      return sendReply(await seriesList(context, 0))
    case 'upcoming':
      return sendReply(await upcoming(context, 7, 0))
    case 'today':
      return sendReply(await today(context))
    case 'monitor':
      return monitor(context, argument)
    case 'monitors':
      return sendReply(await monitorsList(context, 0))
    case 'zone':
      return askedForZone(context, argument)
    case 'language':
      return askedForLanguage(context, argument)
    default:
      return command satisfies never
  }
}

/** An address rather than a name: with a scheme, or with what may be a user name and a password, which no search may see. */
const looksLikeAddress = /^(?:https?|tcp):\/\/\S|^\S+:\S*@\S/i

const searchedFor = async (context: ChatContext, text: string): Promise<Reply> =>
  looksLikeAddress.test(text) ? suggestion(context, text) : search(context, text)

const saidText = async (context: ChatContext, text: string): Promise<Reply> => {
  const { messages } = context
  const kind = smallTalk(text)
  switch (kind) {
    case 'greeting':
      return sendReply({ ...menu(context), html: messages.greeted(label(text)) })
    case 'thanks':
      return sendReply({ html: messages.youAreWelcome() })
    case 'goodbye':
      return sendReply({ html: messages.goodbye() })
    case 'acknowledgement':
      return sendReply({ html: messages.acknowledged(label(text)) })
    case 'help':
      return sendReply(help(context))
    case 'wordless':
      return sendReply({ html: messages.wordless() })
    case null:
      return searchedFor(context, text)
    default:
      return kind satisfies never
  }
}

const pressed = async (context: ChatContext, request: PressRequest): Promise<Reply> => {
  const press = decode(request.data)
  const old: Reply = toastReply(context.messages.oldButton)
  if (!press || !request.message) return old
  switch (press.act) {
    case 'card':
      return turnPage(context, press)
    case 'follow':
      return follow(context, press)
    case 'unfollow':
      return unfollow(context, press)
    case 'refollow':
      return refollow(context, press)
    case 'series':
      return editReply(await seriesList(context, press.page))
    case 'remove':
      return removeSeries(context, press.show, press.page)
    case 'restore':
      return restoreSeries(context, press.show, press.page, press.followedAt)
    case 'upcoming':
      return editReply(await upcoming(context, press.days, press.page))
    case 'today':
      return editReply(await today(context))
    case 'monitors':
      return editReply(await monitorsList(context, press.page))
    case 'monitor':
    case 'check':
    case 'pause':
    case 'resume':
    case 'delete':
    case 'deleteNow':
      return pressedMonitor(context, press.act, press.monitor)
    case 'language':
      return editReply(await setLanguage(context, press.language))
    case 'zones':
      return editReply(zoneChoice(context))
    case 'zone': {
      const zone = validZone(press.zone)
      return zone === null ? old : editReply(await setZone(context, zone))
    }
    case 'howToSearch':
      return sendReply(howToSearch(context))
    case 'nothing':
      return nothing
    default:
      return press satisfies never
  }
}

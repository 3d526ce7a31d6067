import type { Cause } from '#events/event.ts'
import { isShowId } from '#events/ranges.ts'
import { decode } from '#functions/telegram/callback-data.ts'
import type { Answer, Asked, Pressed, View } from './bot.ts'
import type { Command } from './commands.ts'
import type { Desk, Turn } from './context.ts'
import { monitor, monitorsList, pressedMonitor, suggestion } from './monitors.ts'
import { label } from './pages.ts'
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
import { words } from './words/words.ts'
import { validZone } from './zones.ts'

const nothing: Answer = { effects: [] }
const send = (view: View): Answer => ({ effects: [{ do: 'send', view }] })
const edit = (view: View): Answer => ({ effects: [{ do: 'edit', view }] })

/** What the bot answers. Asked the same again (Telegram or the broker brings an update twice), it leaves the same behind. */
export const conversation = async (asked: Asked, desk: Desk, cause: Cause): Promise<Answer> => {
  const { place } = asked
  if (asked.kind === 'moved') {
    await desk.chats.migrate(place.chatId, asked.toChatId)
    return nothing
  }
  if (asked.kind === 'membership' && !asked.member) {
    await desk.chats.markUnreachable(place.chatId, asked.reason)
    return nothing
  }
  if (place.kind === 'channel') {
    // A channel is told once, when the bot may post there; nothing is kept of it.
    const joined = asked.kind === 'membership' && asked.joined
    return joined ? send({ html: words[place.language].noChannels() }) : nothing
  }
  const known = await desk.chats.find(place.chatId)
  const chat =
    known && !known.unreachableSince && known.kind === place.kind
      ? known
      : await desk.chats.upsert({ id: place.chatId, kind: place.kind, language: place.language })
  const turn: Turn = { desk, chat, place, cause, words: words[chat.language] }
  switch (asked.kind) {
    case 'command':
      return commanded(turn, asked.command, asked.argument, known === null)
    case 'text':
      return saidText(turn, asked.text)
    case 'press':
      return pressed(turn, asked)
    case 'unknownCommand':
      return send({ html: turn.words.unknownCommand() })
    case 'wordless':
      return send({ html: turn.words.wordless() })
    case 'membership':
      return chat.kind === 'private' || !asked.joined ? nothing : send(greeting(turn))
    default:
      return asked satisfies never
  }
}

const commanded = async (turn: Turn, command: Command, argument: string, isNew: boolean): Promise<Answer> => {
  switch (command) {
    case 'start': {
      // A link of ours (t.me/<bot>?start=s_82), but anybody can make one up.
      const show = /^s_(\d{1,10})$/.exec(argument)?.[1]
      if (isShowId(Number(show))) return showCard(turn, Number(show))
      return send(isNew ? greeting(turn) : menu(turn))
    }
    case 'help':
      return send(help(turn))
    case 'search':
      return searchedFor(turn, argument)
    case 'series':
      return send(await seriesList(turn, 0))
    case 'upcoming':
      return send(await upcoming(turn, 7, 0))
    case 'today':
      return send(await today(turn))
    case 'monitor':
      return monitor(turn, argument)
    case 'monitors':
      return send(await monitorsList(turn, 0))
    case 'zone':
      return askedForZone(turn, argument)
    case 'language':
      return askedForLanguage(turn, argument)
    default:
      return command satisfies never
  }
}

/** An address rather than a name: with a scheme, or with what may be a user name and a password, which no search may see. */
const looksLikeAddress = /^(?:https?|tcp):\/\/\S|^\S+:\S*@\S/i

const searchedFor = async (turn: Turn, text: string): Promise<Answer> =>
  looksLikeAddress.test(text) ? suggestion(turn, text) : search(turn, text)

const saidText = async (turn: Turn, text: string): Promise<Answer> => {
  const { words } = turn
  const kind = smallTalk(text)
  switch (kind) {
    case 'greeting':
      return send({ ...menu(turn), html: words.greeted(label(text)) })
    case 'thanks':
      return send({ html: words.youAreWelcome() })
    case 'goodbye':
      return send({ html: words.goodbye() })
    case 'acknowledgement':
      return send({ html: words.acknowledged(label(text)) })
    case 'help':
      return send(help(turn))
    case 'wordless':
      return send({ html: words.wordless() })
    case null:
      return searchedFor(turn, text)
    default:
      return kind satisfies never
  }
}

const pressed = async (turn: Turn, asked: Pressed): Promise<Answer> => {
  const press = decode(asked.data)
  const old: Answer = { effects: [{ do: 'toast', text: turn.words.oldButton }] }
  if (!press || !asked.message) return old
  switch (press.act) {
    case 'card':
      return turnPage(turn, press)
    case 'follow':
      return follow(turn, press)
    case 'unfollow':
      return unfollow(turn, press)
    case 'refollow':
      return refollow(turn, press)
    case 'series':
      return edit(await seriesList(turn, press.page))
    case 'remove':
      return removeSeries(turn, press.show, press.page)
    case 'restore':
      return restoreSeries(turn, press.show, press.page, press.followedAt)
    case 'upcoming':
      return edit(await upcoming(turn, press.days, press.page))
    case 'today':
      return edit(await today(turn))
    case 'monitors':
      return edit(await monitorsList(turn, press.page))
    case 'monitor':
    case 'check':
    case 'pause':
    case 'resume':
    case 'delete':
    case 'deleteNow':
      return pressedMonitor(turn, press.act, press.monitor)
    case 'language':
      return edit(await setLanguage(turn, press.language))
    case 'zones':
      return edit(zoneChoice(turn))
    case 'zone': {
      const zone = validZone(press.zone)
      return zone === null ? old : edit(await setZone(turn, zone))
    }
    case 'howToSearch':
      return send(howToSearch(turn))
    case 'nothing':
      return nothing
    default:
      return press satisfies never
  }
}

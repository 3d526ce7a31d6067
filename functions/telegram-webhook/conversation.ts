import type { Cause } from '#events/event.ts'
import { isBigintId, isChatId, isTvmazeId } from '#events/ranges.ts'
import { decode } from '#functions/telegram/callback-data.ts'
import { joined } from '#functions/telegram/html.ts'
import { addHeartbeat } from './add-heartbeat.ts'
import { addMonitor, suggestMonitor } from './add-monitor.ts'
import { answerOutage } from './answer-outage.ts'
import { keysByLink, keysCommand, pressKeyButton } from './api-keys.ts'
import { calendarCommand, pressCalendar } from './calendar.ts'
import type { Command } from './commands.ts'
import type { AskTelegram, ChatContext, Dependencies } from './context.ts'
import { follow, refollow, unfollow } from './follow.ts'
import { importFile, pressImport, pressImportChoice } from './imports.ts'
import { incidentsList } from './incident-views.ts'
import { beginMaintenance, cancelMaintenance, endMaintenance, maintenanceCommand } from './maintenance/maintenance.ts'
import { chooseScope, planByButtons } from './maintenance/plan-by-buttons.ts'
import { botMessages } from './messages/messages.ts'
import { explainUptime, pressMonitorButton, restoreMonitor } from './monitor-actions.ts'
import { parseMonitorArgument } from './monitor-argument.ts'
import { monitorsList } from './monitor-views.ts'
import {
  chooseSchedules,
  chooseSeries,
  noticesCommand,
  quietCommand,
  setNotices,
  showNotices,
} from './notices/notices.ts'
import { openPage } from './open-page.ts'
import { answerLogo } from './page-logos.ts'
import { postCommand, pressPost } from './page-posts.ts'
import { label } from './pages.ts'
import { eraseCommand, exportCommand, pressErase } from './personal-data.ts'
import { draftPost, pressPostDraft } from './post-drafts.ts'
import { pressPosted } from './posted-impacts.ts'
import { editReply, type Reply, sendReply, toastReply } from './reply.ts'
import { reportCommand, setReport } from './reports.ts'
import type { BotRequest, PressRequest } from './request.ts'
import { setRights } from './rights.ts'
import { refusedChange, refusedPress } from './roles.ts'
import { today, upcoming } from './schedule.ts'
import { search, searchById, turnToCard } from './search.ts'
import { remind } from './seen/remind.ts'
import { markSeen, muteShow, seenCommand, unmarkSeen } from './seen/seen.ts'
import { seenInList, watchlist } from './seen/watchlist.ts'
import { removeSeries, restoreSeries, seriesList } from './series.ts'
import {
  greeting,
  help,
  howToSearch,
  languageCommand,
  menu,
  setLanguage,
  setZone,
  zoneChoice,
  zoneCommand,
} from './settings.ts'
import { silenceButtons, silenceMonitor } from './silence.ts'
import { smallTalk } from './small-talk.ts'
import { statisticsCommand } from './statistics.ts'
import { pressStatusPage, statusPageCommand } from './status-pages.ts'
import { endSubscription, linkOf, subscribe, subscriptionList, unsubscribe } from './subscribe.ts'
import { watchRequest, withoutFillers } from './watch-request.ts'
import { pressWebhook, webhookCommand, webhooksByLink } from './webhooks.ts'
import { answerWizard, answerWizardWithFile, editMonitor, pressWizard, startWizard } from './wizard/wizard.ts'
import { validZone } from './zones.ts'

const noReply: Reply = { effects: [] }
const wordless = ({ messages }: ChatContext): Reply => sendReply({ html: messages.wordless() })

/**
 * The bot's reply to a request. Handling the same request again (Telegram or the broker may deliver it twice) has no
 * further effect.
 */
export const conversation = async (
  request: BotRequest,
  deps: Dependencies,
  cause: Cause,
  telegram: AskTelegram,
): Promise<Reply> => {
  const { origin } = request
  if (request.kind === 'moved') {
    await deps.chats.migrate(origin.chatId, request.toChatId)
    return noReply
  }
  if (request.kind === 'membership' && !request.member) {
    await deps.chats.markUnreachable(origin.chatId, request.reason)
    return noReply
  }
  if (origin.kind === 'channel') {
    // A channel gets one message, when the bot gets the right to post. The channel is not saved in the database.
    const joined = request.kind === 'membership' && request.joined
    return joined ? sendReply({ html: botMessages[origin.language].noChannels() }) : noReply
  }
  const known = await deps.chats.find(origin.chatId)
  const chat =
    known && !known.unreachableSince && known.kind === origin.kind
      ? known
      : await deps.chats.upsert({ id: origin.chatId, kind: origin.kind, language: origin.language })
  const mayChange = async () =>
    chat.kind === 'private' ||
    (await telegram.administers()) ||
    // Who has left a public group still sees its messages and can press their buttons.
    ((await deps.chats.everyoneChanges(chat.id)) && telegram.isMember(chat.id))
  const { deleteMessage, readFile } = telegram
  const context: ChatContext = {
    deps,
    chat,
    origin,
    cause,
    messages: botMessages[chat.language],
    mayChange,
    telegram,
    deleteMessage,
    readFile,
  }
  switch (request.kind) {
    case 'command':
      // Who sends a command does not answer the question that the bot asked before.
      await deps.monitorDrafts.expectNoText(chat.id, origin.personId)
      return replyToCommand(context, request.command, request.argument, known === null)
    case 'text':
      return (
        (await draftPost(context, request)) ??
        (await answerWizard(context, request.text)) ??
        replyToText(context, request.text)
      )
    case 'answer':
      return (await draftPost(context, request)) ?? (await answerWizard(context, request.text)) ?? noReply
    case 'file':
      return (
        (await answerWizardWithFile(context, request)) ??
        (await answerLogo(context, request)) ??
        (await importFile(context, request)) ??
        noReply
      )
    case 'photo':
      return (await answerLogo(context, request)) ?? (chat.kind === 'private' ? wordless(context) : noReply)
    case 'press':
      return replyToPress(context, request, known === null)
    case 'unknownCommand':
      return sendReply({ html: context.messages.unknownCommand() })
    case 'media':
      return wordless(context)
    case 'membership':
      return chat.kind === 'private' || !request.joined ? noReply : sendReply(greeting(context))
    default:
      return request satisfies never
  }
}

const replyToCommand = async (
  context: ChatContext,
  command: Command,
  argument: string,
  isNew: boolean,
): Promise<Reply> => {
  switch (command) {
    case 'start': {
      // The argument comes from a link (t.me/<bot>?start=s_82). A person can write a link with any number.
      const show = /^s_(\d{1,10})$/.exec(argument)?.[1]
      if (isTvmazeId(Number(show))) return searchById(context, Number(show))
      const link = linkOf(argument)
      if (link !== null) return subscribe(context, link)
      const pageForMembers = Number(/^m_(\d{1,15})$/.exec(argument)?.[1])
      if (isBigintId(pageForMembers)) return openPage(context, pageForMembers)
      const webhooksOf = Number(/^w_(-\d{1,16})$/.exec(argument)?.[1])
      if (isChatId(webhooksOf)) return webhooksByLink(context, webhooksOf)
      const keysOf = Number(/^k_(-\d{1,16})$/.exec(argument)?.[1])
      if (isChatId(keysOf)) return keysByLink(context, keysOf)
      // From the button above the results of an inline query.
      if (argument === 'inline') return sendReply(howToSearch(context))
      const view = isNew ? greeting(context) : menu(context)
      return sendReply(
        argument === '' ? view : { ...view, html: joined([context.messages.linkUnknown(), view.html], '\n\n') },
      )
    }
    case 'help':
      return sendReply(help(context))
    case 'search':
      return searchOrSuggest(context, argument)
    case 'series':
      return sendReply(await seriesList(context, 0))
    case 'upcoming':
      return sendReply(await upcoming(context, 7, 0))
    case 'today':
      return sendReply(await today(context))
    case 'watchlist':
      return sendReply(await watchlist(context, 0))
    case 'calendar':
      return calendarCommand(context)
    case 'seen':
      return seenCommand(context, argument)
    case 'notices':
      return noticesCommand(context, argument)
    case 'quiet':
      return quietCommand(context, argument)
    case 'monitor':
      return watch(context, argument)
    case 'monitors':
      return sendReply(await monitorsList(context, 0))
    case 'heartbeat':
      return (await refusedChange(context)) ?? addHeartbeat(context, argument)
    case 'maintenance':
      return maintenanceCommand(context, argument)
    case 'incidents':
      return sendReply(await incidentsList(context, 0))
    case 'statusPage':
      return statusPageCommand(context, argument)
    case 'post':
      return postCommand(context, argument)
    case 'subscriptions':
      return sendReply(await subscriptionList(context, 0))
    case 'report':
      return reportCommand(context, argument)
    case 'statistics':
      return statisticsCommand(context, argument)
    case 'keys':
      return keysCommand(context)
    case 'export':
      return exportCommand(context)
    case 'erase':
      return eraseCommand(context)
    case 'webhook':
      return webhookCommand(context, argument)
    case 'zone':
      return zoneCommand(context, argument)
    case 'language':
      return languageCommand(context, argument)
    default:
      return command satisfies never
  }
}

/**
 * A text that is an address and not the name of a series: it has a scheme, or it may contain a user name and a
 * password, which must not be sent to TVmaze.
 */
const looksLikeAddress = /^(?:https?|tcp):\/\/\S|^\S+:\S*@\S/i

/** Adds the monitor that a person describes in one line. Asks for the address if the line has only an interval. */
const watch = async (context: ChatContext, argument: string): Promise<Reply> => {
  const wanted = watchRequest(argument) ?? withoutFillers(argument)
  if (parseMonitorArgument(wanted).address === '') return startWizard(context)
  return (await refusedChange(context)) ?? addMonitor(context, wanted)
}

const searchOrSuggest = async (context: ChatContext, text: string): Promise<Reply> =>
  looksLikeAddress.test(text) ? suggestMonitor(context, text) : search(context, text)

const replyToText = async (context: ChatContext, text: string): Promise<Reply> => {
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
      return watchRequest(text) === null ? searchOrSuggest(context, text) : watch(context, text)
    default:
      return kind satisfies never
  }
}

const replyToPress = async (context: ChatContext, request: PressRequest, isNew: boolean): Promise<Reply> => {
  const press = decode(request.data)
  const oldButtonReply: Reply = toastReply(context.messages.oldButton)
  if (!press || !request.message) return oldButtonReply
  const refused = await refusedPress(context, press)
  if (refused !== null) return refused
  switch (press.act) {
    case 'card':
      return turnToCard(context, press)
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
      return pressMonitorButton(context, press.act, press.monitor)
    case 'undelete':
      return restoreMonitor(context, press.removed)
    case 'silences':
      return silenceButtons(context, press.monitor)
    case 'silence':
      return silenceMonitor(context, press.monitor, press.until)
    case 'answer':
      return answerOutage(context, press.incident, press.answer)
    case 'maintain':
      return beginMaintenance(context, press.minutes)
    case 'endMaintenance':
      return endMaintenance(context, press.window)
    case 'cancelMaintenance':
      return cancelMaintenance(context, press.plan)
    case 'maintenanceFor':
      return chooseScope(context, press.page)
    case 'plan':
      return planByButtons(context, press)
    case 'incidents':
      return editReply(await incidentsList(context, press.page))
    case 'why':
      return explainUptime(context, press.monitor, press.days)
    case 'makeKey':
    case 'revokeKey':
      return pressKeyButton(context, press)
    case 'webhook':
      return pressWebhook(context, press)
    case 'newMonitor':
      return startWizard(context)
    case 'edit':
      return editMonitor(context, press.monitor)
    case 'rename':
      return editMonitor(context, press.monitor, 'name')
    case 'draft':
    case 'fill':
    case 'saveDraft':
    case 'cancelDraft':
      return pressWizard(context, press)
    case 'statusPages':
    case 'statusPage':
    case 'newStatusPage':
    case 'setStatusPage':
    case 'pageMonitors':
    case 'deletePage':
    case 'deletePageNow':
      return pressStatusPage(context, press)
    case 'openPage':
      return openPage(context, press.id)
    case 'post':
      return pressPost(context, press.id, press.status)
    case 'setPost':
      return pressPostDraft(context, press)
    case 'setPosted':
      return pressPosted(context, press)
    case 'unsubscribe':
      return unsubscribe(context, press.id, press.monitor ?? null)
    case 'subscriptions':
      return editReply(await subscriptionList(context, press.page))
    case 'endSubscription':
      return endSubscription(context, press.id, press.monitor === 0 ? null : press.monitor)
    case 'notices':
      return showNotices(context, press.show)
    case 'seen':
      return markSeen(context, press, request.message.id)
    case 'unseen':
      return unmarkSeen(context, press)
    case 'remind':
      return remind(context, press, press.when, request.message.id)
    case 'muteShow':
      return muteShow(context, press, request.message.id)
    case 'watchlist':
      return editReply(await watchlist(context, press.page))
    case 'calendar':
      return pressCalendar(context, press)
    case 'seenInList':
      return seenInList(context, press)
    case 'noticeSchedules':
      return chooseSchedules(context, press.page)
    case 'noticeSeries':
      return chooseSeries(context, press.page)
    case 'setNotices':
      return setNotices(context, press)
    case 'import':
      return pressImport(context, press.id, press.step)
    case 'importChoice':
      return pressImportChoice(context, press)
    case 'rights':
      return setRights(context, press.who)
    case 'erase':
      return pressErase(context, press.answer, isNew)
    case 'language':
      return editReply(await setLanguage(context, press.language))
    case 'zones':
      return editReply(zoneChoice(context))
    case 'zone': {
      const zone = validZone(press.zone)
      return zone === null ? oldButtonReply : editReply(await setZone(context, zone))
    }
    case 'report':
      return editReply(await setReport(context, press))
    case 'howToSearch':
      return sendReply(howToSearch(context))
    case 'nothing':
      return noReply
    default:
      return press satisfies never
  }
}

import type { ReportSetting } from '#database/reports/report-settings.ts'
import { ReportRequested } from '#events/report-requested.ts'
import { nextDue, periodUntil } from '#functions/report/schedule.ts'
import { type Html, joined } from '#functions/telegram/html.ts'
import { tellInstant } from '#functions/wording/times.ts'
import type { ChatContext } from './context.ts'
import { label } from './pages.ts'
import { type Button, type Reply, sendReply, type View } from './reply.ts'
import { reportArgument } from './report-argument.ts'
import { refusedSetting } from './roles.ts'
import { sayHour } from './say-hour.ts'
import { zoneLabel } from './zones.ts'

/** A chat may ask for this many reports at once, and then for one each minute. */
export const reportsOnDemand = { burst: 3, seconds: 60 }
/** The hours on the buttons. Every other hour can be sent as text. */
const offeredHours = [7, 8, 9, 12, 18, 21]

/** Handles /relatorio: without words it sends the setting and requests a report; with words it changes the setting. */
export const reportCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  const setting = await deps.reportSettings.of(chat.id)
  if (argument === '') return reportNow(context, setting)
  const asked = reportArgument(argument)
  if ('refused' in asked) {
    const why = asked.refused === 'hour' ? messages.reportHourOnly() : messages.reportUnknown(label(argument))
    return sendReply(settingView(context, setting, why))
  }
  const refused = await refusedSetting(context)
  if (refused !== null) return refused
  const { change } = asked
  // An hour without a day means every day if the chat gets no reports yet. Otherwise the days stay as they are.
  const frequency =
    change.frequency ?? (change.hour !== undefined && setting.frequency === 'none' ? 'daily' : undefined)
  return sendReply(
    await setReport(context, { ...setting, ...change, ...(frequency === undefined ? {} : { frequency }) }),
  )
}

/** Saves the setting. Calling it again changes nothing. */
export const setReport = async (
  context: ChatContext,
  { frequency, weekday, hour, theme }: ReportSetting,
): Promise<View> => {
  const { deps, chat, origin } = context
  const setting = { frequency, weekday, hour, theme }
  await deps.reportSettings.set(chat.id, setting, origin.threadId ?? null, deps.clock())
  return settingView(context, setting)
}

const reportNow = async (context: ChatContext, setting: ReportSetting): Promise<Reply> => {
  const { deps, chat, origin, cause, messages } = context
  const now = deps.clock()
  const mayAsk = await deps.allowances.take([{ subject: `report/${chat.id}`, ...reportsOnDemand }], cause.id, now)
  if (!mayAsk) return sendReply(settingView(context, setting, messages.reportedTooOften()))
  const frequency = setting.frequency === 'weekly' ? 'weekly' : 'daily'
  return {
    ...sendReply(settingView(context, setting, messages.reportComing())),
    events: [
      ReportRequested.from(cause, {
        subject: `chat/${chat.id}`,
        data: {
          chatId: chat.id,
          language: chat.language,
          zone: chat.zone,
          frequency,
          theme: setting.theme,
          from: periodUntil(now, frequency, chat.zone).from.toISOString(),
          to: now.toISOString(),
          onDemand: true,
          ...(origin.threadId === undefined ? {} : { threadId: origin.threadId }),
        },
      }),
    ],
  }
}

/** The setting with buttons to change it. `note` comes first. */
const settingView = (context: ChatContext, setting: ReportSetting, note?: Html): View => {
  const { chat, messages } = context
  return {
    html: joined(
      [
        note,
        joined([
          saySetting(context, setting),
          setting.frequency !== 'none' && messages.reportZone(zoneLabel(chat.zone, chat.language)),
        ]),
        messages.howToReport(),
      ],
      '\n\n',
    ),
    buttons: settingButtons(context, setting),
  }
}

const saySetting = ({ deps, chat, messages }: ChatContext, setting: ReportSetting): Html => {
  const texts = messages.reportSetting
  if (setting.frequency === 'none') return texts.none()
  const now = deps.clock()
  const next = tellInstant(nextDue(setting, chat.zone, now), { ...chat, now })
  const hour = sayHour(setting.hour, chat.language)
  return setting.frequency === 'daily'
    ? texts.daily(hour, next)
    : texts.weekly(messages.weekdays[setting.weekday - 1]!, hour, next)
}

const settingButtons = ({ chat, messages }: ChatContext, setting: ReportSetting): Button[][] => {
  const button = (text: string, change: Partial<ReportSetting>): Button => {
    const isChosen = Object.entries(change).every(([key, value]) => setting[key as keyof ReportSetting] === value)
    return { text: isChosen ? `${text} ✓` : text, press: { act: 'report', ...setting, ...change } }
  }
  const frequencies = (['none', 'daily', 'weekly'] as const).map(frequency =>
    button(messages.reportButtons[frequency], { frequency }),
  )
  const hours = [...new Set([...offeredHours, setting.hour])].sort((one, other) => one - other)
  const theme = setting.theme === 'light' ? 'dark' : 'light'
  return [
    frequencies,
    ...(setting.frequency === 'weekly'
      ? [messages.weekdays.map((name, at) => button([...name].slice(0, 3).join(''), { weekday: at + 1 }))]
      : []),
    ...(setting.frequency === 'none' ? [] : [hours.map(hour => button(sayHour(hour, chat.language), { hour }))]),
    [button(messages.reportThemes[theme], { theme })],
  ]
}

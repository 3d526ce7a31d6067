import { showIdOf } from '#database/series/follows.ts'
import { episodeChoices, type NoticeChange, specialChoices, timings } from '#database/series/notice-settings.ts'
import { isSchedule } from '#functions/series/schedules.ts'
import { titleOf } from '#functions/series/slots.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { knownZone } from '#functions/wording/dates.ts'
import { folded } from '#functions/wording/fold.ts'
import { type ChatContext, queryCatalogue } from '../context.ts'
import { label, pageOf, pageRow } from '../pages.ts'
import { editReply, type Reply, sendReply, toastReply, type View } from '../reply.ts'
import { showSubject } from '../tvmaze-search.ts'
import { forEver, noticeArgument, quietArgument } from './notice-argument.ts'
import { type Changers, noticeView, type ShownSeries } from './notice-view.ts'
import { namesOfSchedules, schedulesView } from './schedules-view.ts'

/** The most names of series with own settings that are listed. */
const listedNames = 12

/** Handles /config: shows the setting, or changes it as the words say. */
export const noticesCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  if (argument === '') return sendReply(await settingOf(context, null))
  const reader = { language: chat.language, zone: knownZone(chat.zone), now: deps.clock() }
  const asked = noticeArgument(argument, reader)
  const unknown = messages.notices.unknown(label(argument))
  if (asked === null) return sendReply(await settingOf(context, null, unknown))
  const named = asked.rest === '' ? [] : await seriesNamed(context, asked.rest)
  if (asked.rest !== '' && named.length === 0) return sendReply(await settingOf(context, null, unknown))
  if (named.length > 1)
    return sendReply({
      html: messages.notices.whichSeries(label(asked.rest)),
      buttons: named
        .slice(0, 8)
        .map(({ id, name }) => [{ text: label(name), press: { act: 'notices' as const, show: id } }]),
    })
  const [series = null] = named
  const hasChange = asked.isReset || Object.keys(asked.change).length > 0
  if (!hasChange) return sendReply(await settingOf(context, series))
  if (!(await context.mayChange())) return sendReply(await settingOf(context, series, refusal(context)))
  if (asked.isReset && series !== null) await deps.noticeSettings.forgetShow(chat.id, series.id, deps.clock())
  await deps.noticeSettings.change(chat.id, series?.id ?? 0, asked.change, deps.clock())
  return sendReply(await settingOf(context, series))
}

/** Handles /silencio: shows or changes the quiet hours of the chat. */
export const quietCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  const quiet = argument === '' ? null : quietArgument(argument)
  if (quiet === null) {
    const view = await settingOf(context, null)
    const why = argument === '' ? [] : [messages.notices.quietUnknown(label(argument))]
    return { effects: [...why, messages.notices.howToQuiet()].map(html => ({ do: 'send', view: { ...view, html } })) }
  }
  if (!(await context.mayChange())) return sendReply(await settingOf(context, null, refusal(context)))
  await deps.noticeSettings.setQuiet(chat.id, quiet === 'none' ? null : quiet, deps.clock())
  return sendReply(await settingOf(context, null, quiet === 'none' ? messages.notices.quietOff() : undefined))
}

/** Why a member of a group cannot change the setting. */
const refusal = ({ messages }: ChatContext) => html`${messages.notices.administratorsOnly}`

/** Shows the setting of a series, or of all series (0): in a new message, or in place of the one that was pressed. */
export const showNotices = async (
  context: ChatContext,
  show: number,
  place: 'send' | 'edit' = 'send',
): Promise<Reply> => {
  const series = await followedSeries(context, show)
  return series === 'not followed'
    ? toastReply(context.messages.notFollowing)
    : { effects: [{ do: place, view: await settingOf(context, series) }] }
}

/** The countries and channels of the chat's series, to choose those that are told. */
export const chooseSchedules = async (context: ChatContext, page: number): Promise<Reply> => {
  const { schedules } = await context.deps.noticeSettings.of(context.chat.id)
  return editReply(await schedulesView(context, schedules, page))
}

const seriesPerPage = 8

/** A button for each series of the chat, to show its setting. */
export const chooseSeries = async (context: ChatContext, page: number): Promise<Reply> => {
  const { chat, messages } = context
  const all = (await seriesOf(context)).toSorted((one, other) => one.name.localeCompare(other.name, chat.language))
  if (all.length === 0) return toastReply(messages.notFollowing)
  const { items, at, pages } = pageOf(all, page, seriesPerPage)
  return editReply({
    html: messages.notices.chooseSeries(),
    buttons: [
      ...items.map(({ id, name }) => [{ text: label(name), press: { act: 'notices' as const, show: id } }]),
      ...pageRow(at, pages, to => ({ act: 'noticeSeries', page: to })),
    ],
  })
}

/** A press changes one field of a setting. A second press changes nothing. */
export const setNotices = async (
  context: ChatContext,
  press: Extract<Press, { act: 'setNotices' }>,
): Promise<Reply> => {
  const { deps, chat, messages } = context
  const change = changeOf(press, deps.clock())
  if (change === null) return toastReply(messages.oldButton)
  const series = await followedSeries(context, press.show)
  if (series === 'not followed') return toastReply(messages.notFollowing)
  if (!(await context.mayChange())) return toastReply(messages.notices.administratorsOnly, true)
  if ('schedule' in change) {
    await deps.noticeSettings.setSchedule(chat.id, change.schedule, change.isChosen, deps.clock())
    return chooseSchedules(context, 0)
  }
  if ('isReset' in change) await deps.noticeSettings.forgetShow(chat.id, press.show, deps.clock())
  else await deps.noticeSettings.change(chat.id, press.show, change, deps.clock())
  return editReply(await settingOf(context, series))
}

const dayMs = 86_400_000
const mutedDays: Record<string, number> = { week: 7, month: 30 }

/** The change that a press asks for; null if no button has these values. */
const changeOf = (
  { show, field, value }: { show: number; field: string; value: string },
  now: Date,
): NoticeChange | { isReset: true } | { schedule: string; isChosen: boolean } | null => {
  const oneOf = <Word extends string>(words: readonly Word[]) => words.find(word => word === value)
  const within = (least: number, most: number) => {
    const found = /^\d{1,2}$/.test(value) ? Number(value) : Number.NaN
    return found >= least && found <= most ? found : undefined
  }
  const defined = <Value>(found: Value | undefined, key: keyof NoticeChange): NoticeChange | null =>
    found === undefined ? null : { [key]: found }
  switch (field) {
    case 'timing':
      return defined(oneOf(timings), 'timing')
    case 'episodes':
      return defined(oneOf(episodeChoices), 'episodes')
    case 'specials':
      return defined(oneOf(specialChoices), 'specials')
    case 'later':
      return defined(within(1, 12), 'laterHours')
    case 'hour':
      return defined(within(0, 23), 'digestHour')
    case 'weekday':
      return defined(within(1, 7), 'digestWeekday')
    case 'mute': {
      if (value === 'none') return { mutedUntil: now }
      if (value === 'always') return { mutedUntil: forEver }
      const days = mutedDays[value]
      return days === undefined ? null : { mutedUntil: new Date(now.getTime() + days * dayMs) }
    }
    case 'schedule':
      // For a series, no choice of its own would mean that of the other series.
      return value === 'any' ? { schedules: show > 0 ? [] : null } : null
    case 'scheduleOn':
    case 'scheduleOff':
      return show === 0 && isSchedule(value) ? { schedule: value, isChosen: field === 'scheduleOn' } : null
    case 'reset':
      return value === 'all' && show > 0 ? { isReset: true } : null
    default:
      return null
  }
}

/** The view of the setting of a series, or of all series (null). `note` comes first. */
const settingOf = async (context: ChatContext, series: ShownSeries | null, note?: Html): Promise<View> => {
  const { deps, chat } = context
  const setting = await deps.noticeSettings.of(chat.id, series?.id)
  const parts = {
    schedules: await namesOfSchedules(context, setting.schedules),
    ...(note === undefined ? {} : { note }),
  }
  if (series !== null) {
    const { schedules } = await deps.noticeSettings.of(chat.id)
    return noticeView(context, setting, series, { ...parts, isFiltered: schedules.length > 0 })
  }
  const ids = new Set(await deps.noticeSettings.showsWithChoices(chat.id))
  const own = ids.size === 0 ? [] : (await seriesOf(context)).filter(({ id }) => ids.has(id)).map(({ name }) => name)
  const rights = chat.kind === 'private' ? {} : { changedBy: await changersOf(context) }
  return noticeView(context, setting, null, { own: own.slice(0, listedNames), ...parts, ...rights })
}

/** Who may change the settings of the group. */
const changersOf = async ({ deps, chat }: ChatContext): Promise<Changers> =>
  (await deps.chats.everyoneChanges(chat.id)) ? 'everyone' : 'administrators'

/** The series with this id, if the chat follows it; null for all series (0). */
const followedSeries = async (context: ChatContext, show: number): Promise<ShownSeries | null | 'not followed'> => {
  if (show === 0) return null
  const { deps, chat, messages } = context
  const follow = await deps.follows.find(chat.id, showSubject(show))
  if (follow === null) return 'not followed'
  const known = await queryCatalogue(deps, catalogue => catalogue.show(show))
  return { id: show, name: known?.found ? titleOf(known.found, chat) : (follow.title ?? messages.unnamedSeries) }
}

/** A series of the chat, with its other names. */
interface NamedSeries extends ShownSeries {
  names: string[]
}

/** The series of the chat. */
const seriesOf = async ({ deps, chat, messages }: ChatContext): Promise<NamedSeries[]> => {
  const follows = (await deps.follows.of(chat.id, 'show/')).flatMap(({ subject, title }) => {
    const id = showIdOf(subject)
    return id === null ? [] : [{ id, title }]
  })
  const known = await queryCatalogue(deps, catalogue => catalogue.shows(follows.map(({ id }) => id)))
  const shows = new Map(known?.found.map(show => [show._id, show]))
  return follows.map(({ id, title }) => {
    const show = shows.get(id)
    const name = show === undefined ? (title ?? messages.unnamedSeries) : titleOf(show, chat)
    return { id, name, names: [name, title ?? '', show?.name ?? '', show?.names.pt ?? ''] }
  })
}

/** The series of the chat with this name, or with names that begin with it or contain it. */
export const seriesNamed = async (context: ChatContext, name: string): Promise<ShownSeries[]> => {
  const wanted = folded(name)
  const all = await seriesOf(context)
  const tests = [
    (text: string) => text === wanted,
    (text: string) => text.startsWith(wanted),
    (text: string) => text.includes(wanted),
  ]
  for (const test of tests) {
    const found = all.filter(({ names }) => names.some(each => test(folded(each))))
    if (found.length > 0) return found
  }
  return []
}

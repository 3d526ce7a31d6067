import { type NoticeSetting, timings } from '#database/series/notice-settings.ts'
import { type Html, joined } from '#functions/telegram/html.ts'
import { dayOf, knownZone, sayDate } from '#functions/wording/dates.ts'
import type { ChatContext } from '../context.ts'
import { label } from '../pages.ts'
import type { Button, View } from '../reply.ts'
import { sayHour } from '../say-hour.ts'
import { forEver } from './notice-argument.ts'

/** The series whose setting is shown; null for the setting of all series. */
export interface ShownSeries {
  id: number
  name: string
}

/** Who may change the settings of a group. */
export type Changers = 'administrators' | 'everyone'

const laterChoices = [1, 2, 3, 6, 12]
const digestHours = [7, 9, 12, 18, 20, 22]

/** `23:00`, in English `11 PM`; minutes are shown only if there are any. */
const sayMinutes = (minutes: number, { chat }: ChatContext) => {
  const hour = Math.floor(minutes / 60)
  return minutes % 60 === 0 ? sayHour(hour, chat.language) : `${hour}:${String(minutes % 60).padStart(2, '0')}`
}

interface NoticeViewParts {
  /** The names of the series with own settings. */
  own?: readonly string[]
  /** The names of the chosen countries and channels. */
  schedules?: readonly string[]
  /** Whether only some countries and channels are told for the other series. */
  isFiltered?: boolean
  /** Comes first. */
  note?: Html
  /** Who may change the settings of a group. */
  changedBy?: Changers
}

/** The setting of a chat, or of one of its series, with buttons to change it. */
export const noticeView = (
  context: ChatContext,
  setting: NoticeSetting,
  series: ShownSeries | null,
  { own = [], schedules = [], isFiltered = false, note, changedBy }: NoticeViewParts = {},
): View => {
  const { messages } = context
  const texts = messages.notices
  return {
    html: joined(
      [
        note,
        joined([
          series === null ? texts.title() : texts.titleOf(series.name),
          sayTiming(context, setting),
          texts.episodes[setting.episodes],
          texts.specials[setting.specials],
          schedules.length > 0 && texts.schedules(schedules.join(', ')),
          sayMuted(context, setting),
          series === null && sayQuiet(context, setting),
          own.length > 0 && texts.ownSettings(own.join(', ')),
          changedBy && texts.changedBy[changedBy],
        ]),
        series === null && texts.how(),
      ],
      '\n\n',
    ),
    buttons: [
      ...buttonsOf(context, setting, series, isFiltered),
      ...(changedBy ? [[rightsButton(context, changedBy)]] : []),
    ],
  }
}

/** The button that lets everybody in the group change its settings, or only the administrators again. */
const rightsButton = ({ messages }: ChatContext, changedBy: Changers): Button => {
  const who = changedBy === 'everyone' ? 'administrators' : 'everyone'
  return { text: messages.notices.buttons.changedBy[who], press: { act: 'rights', who } }
}

const sayTiming = ({ chat, messages }: ChatContext, setting: NoticeSetting): string => {
  const texts = messages.notices.timing
  const hour = sayHour(setting.digestHour, chat.language)
  switch (setting.timing) {
    case 'later':
      return texts.later(`${setting.laterHours} h`)
    case 'daily':
      return texts.daily(hour)
    case 'weekly':
      return texts.weekly(hour, messages.weekdays[setting.digestWeekday - 1]!)
    default:
      return texts[setting.timing]()
  }
}

const sayMuted = ({ deps, chat, messages }: ChatContext, { mutedUntil }: NoticeSetting): Html | null => {
  const now = deps.clock()
  if (mutedUntil === null || mutedUntil <= now) return null
  if (mutedUntil.getTime() === forEver.getTime()) return messages.notices.mutedForEver()
  const zone = knownZone(chat.zone)
  return messages.notices.muted(sayDate(dayOf(mutedUntil, zone), { language: chat.language, today: dayOf(now, zone) }))
}

const sayQuiet = (context: ChatContext, { quiet }: NoticeSetting): Html => {
  const texts = context.messages.notices
  return quiet === null ? texts.noQuiet() : texts.quiet(sayMinutes(quiet.from, context), sayMinutes(quiet.to, context))
}

const buttonsOf = (
  context: ChatContext,
  setting: NoticeSetting,
  series: ShownSeries | null,
  isFiltered: boolean,
): Button[][] => {
  const { deps, chat, messages } = context
  const texts = messages.notices.buttons
  const show = series?.id ?? 0
  const button = (text: string, field: string, value: string | number, isChosen: boolean): Button => ({
    text: isChosen ? `${text} ✓` : text,
    press: { act: 'setNotices', show, field, value: String(value) },
  })
  const timing = timings.map(each => button(texts[each], 'timing', each, setting.timing === each))
  const isDigest = setting.timing === 'daily' || setting.timing === 'weekly'
  const hours = [...new Set([...digestHours, setting.digestHour])].sort((one, other) => one - other)
  const isMuted = setting.mutedUntil !== null && setting.mutedUntil > deps.clock()
  const specials = { all: texts.specialsAll, main: texts.specialsMain, none: texts.specialsNone }
  return [
    timing.slice(0, 3),
    timing.slice(3),
    ...(setting.timing === 'later'
      ? [laterChoices.map(each => button(`${each} h`, 'later', each, setting.laterHours === each))]
      : []),
    ...(setting.timing === 'weekly'
      ? [
          messages.weekdays.map((name, at) =>
            button([...name].slice(0, 3).join(''), 'weekday', at + 1, setting.digestWeekday === at + 1),
          ),
        ]
      : []),
    ...(isDigest
      ? [hours.map(each => button(sayHour(each, chat.language), 'hour', each, setting.digestHour === each))]
      : []),
    (['all', 'premieres', 'finales'] as const).map(each =>
      button(texts[each], 'episodes', each, setting.episodes === each),
    ),
    [button(texts.both, 'episodes', 'both', setting.episodes === 'both')],
    (['all', 'main', 'none'] as const).map(each => button(specials[each], 'specials', each, setting.specials === each)),
    isMuted
      ? [button(texts.unmute, 'mute', 'none', false)]
      : [
          button(texts.muteWeek, 'mute', 'week', false),
          button(texts.muteMonth, 'mute', 'month', false),
          button(texts.muteAlways, 'mute', 'always', false),
        ],
    ...(series === null
      ? [
          [{ text: texts.schedules, press: { act: 'noticeSchedules' as const, page: 0 } }],
          [{ text: texts.one, press: { act: 'noticeSeries' as const, page: 0 } }],
        ]
      : [
          ...(isFiltered ? [[button(texts.anyScheduleHere, 'schedule', 'any', setting.schedules.length === 0)]] : []),
          [
            button(label(texts.reset), 'reset', 'all', false),
            { text: texts.general, press: { act: 'notices' as const, show: 0 } },
          ],
        ]),
  ]
}

import type { Language } from '#database/chats/language.ts'
import { showIdOf } from '#database/series/follows.ts'
import { globalSchedule, scheduleOfChannel } from '#functions/series/schedules.ts'
import { sayCountry } from '#functions/wording/namesakes.ts'
import { type ChatContext, queryCatalogue } from '../context.ts'
import { label, pageOf, pageRow } from '../pages.ts'
import type { Button, View } from '../reply.ts'

/** A country, a network or a streaming service of the series that a chat follows. */
interface ScheduleChoice {
  schedule: string
  name: string
  /** How many of the followed series are on it. */
  series: number
}

const choicesPerPage = 24

/** The schedules that a chat can choose, as buttons; those that it has chosen have a mark. */
export const schedulesView = async (context: ChatContext, chosen: readonly string[], page: number): Promise<View> => {
  const texts = context.messages.notices
  const choices = await scheduleChoices(context, chosen)
  if (choices === null) return { html: context.messages.catalogueDown() }
  const { items, at, pages } = pageOf(choices, page, choicesPerPage)
  const buttons = items.map(({ schedule, name, series }): Button => {
    const isChosen = chosen.includes(schedule)
    const field = isChosen ? 'scheduleOff' : 'scheduleOn'
    return {
      text: label(isChosen ? `${name} ✓` : `${name} (${series})`),
      press: { act: 'setNotices', show: 0, field, value: schedule },
    }
  })
  return {
    html: choices.length === 0 ? texts.noSchedules() : texts.chooseSchedules(),
    buttons: [
      ...buttons.flatMap((button, index) =>
        index % 2 === 0 ? [[button, ...buttons.slice(index + 1, index + 2)]] : [],
      ),
      ...pageRow(at, pages, to => ({ act: 'noticeSchedules', page: to })),
      [
        { text: texts.buttons.anySchedule, press: { act: 'setNotices', show: 0, field: 'schedule', value: 'any' } },
        { text: texts.buttons.general, press: { act: 'notices', show: 0 } },
      ],
    ],
  }
}

/** The names of schedules, as far as the series of the chat tell them. */
export const namesOfSchedules = async (context: ChatContext, schedules: readonly string[]): Promise<string[]> => {
  if (schedules.length === 0) return []
  const choices = (await scheduleChoices(context, schedules)) ?? []
  return schedules.map(schedule => choices.find(each => each.schedule === schedule)?.name ?? schedule)
}

/** Countries first, then channels, each with the most series first. Chosen ones without series are listed too. */
const scheduleChoices = async (
  { deps, chat, messages }: ChatContext,
  chosen: readonly string[],
): Promise<ScheduleChoice[] | null> => {
  const ids = (await deps.follows.of(chat.id, 'show/')).flatMap(({ subject }) => showIdOf(subject) ?? [])
  const known = await queryCatalogue(deps, catalogue => catalogue.shows(ids))
  if (known === null) return null
  const names = new Map(chosen.map(schedule => [schedule, schedule]))
  const counts = new Map<string, number>()
  for (const { channels = [] } of known.found) {
    const ofShow = new Map(
      channels.flatMap(channel => [
        [
          channel.country ?? globalSchedule,
          countryWithFlag(channel.country, chat.language) ?? messages.notices.worldwide,
        ],
        [scheduleOfChannel(channel), channel.name],
      ]),
    )
    for (const [schedule, name] of ofShow) {
      names.set(schedule, name)
      counts.set(schedule, (counts.get(schedule) ?? 0) + 1)
    }
  }
  const isChannel = ({ schedule }: ScheduleChoice) => Number(/\d/.test(schedule))
  return [...names]
    .map(([schedule, name]) => ({ schedule, name, series: counts.get(schedule) ?? 0 }))
    .sort(
      (one, other) =>
        isChannel(one) - isChannel(other) || other.series - one.series || one.name.localeCompare(other.name),
    )
}

/** The name of a country with its flag. */
const countryWithFlag = (code: string | null, language: Language): string | null => {
  if (code === null) return null
  const flag = String.fromCodePoint(...[...code].map(letter => 0x1f1e6 + letter.charCodeAt(0) - 65))
  return `${flag} ${sayCountry(code, language)}`
}

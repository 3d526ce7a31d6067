import type { MaintenanceScope } from '#database/uptime/maintenance.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { dayOf, instantOf, knownZone, sayDate, sayDuration } from '#functions/wording/dates.ts'
import type { ChatContext } from '../context.ts'
import { label, pageOf, pageRow } from '../pages.ts'
import { type Button, editReply, type Reply, toastReply } from '../reply.ts'
import { maintenanceView } from './maintenance-view.ts'
import { plan } from './plan.ts'
import type { Start } from './planned-time.ts'

type PlanPress = Extract<Press, { act: 'plan' }>
type Step = Omit<PlanPress, 'act'>

const scopesPerPage = 8
const none = '-'
/** What the buttons offer. */
const daysAhead = 6
const hours = ['20', '21', '22', '23', '0', '1', '2', '3', '4', '5', '6', '12']
const minutes = ['20', '60', '120', '240']

const inRows = (buttons: Button[], size: number): Button[][] =>
  Array.from({ length: Math.ceil(buttons.length / size) }, (_, row) => buttons.slice(row * size, (row + 1) * size))

const button = (text: string, step: Step): Button => ({ text: label(text), press: { act: 'plan', ...step } })

const firstStep = (scope: string): Step => ({ scope, day: none, hour: none, minutes: none })

/** Asks what maintenance is for: all monitors, a group or a monitor. */
export const chooseScope = async (context: ChatContext, page: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  const monitors = await deps.monitors.of(chat.id)
  const groups = [...Map.groupBy(monitors, ({ groupName }) => groupName)].flatMap(([name, [first]]) =>
    name === null ? [] : [{ text: `📁 ${name}`, scope: `g${first!.id}` }],
  )
  const choices = [...groups, ...monitors.map(({ id, name }) => ({ text: name, scope: `m${id}` }))]
  const { items, at, pages } = pageOf(choices, page, scopesPerPage)
  return editReply({
    html: messages.maintenance.forWhat(),
    buttons: [
      [button(messages.maintenance.everything, firstStep('all'))],
      ...inRows(
        items.map(({ text, scope }) => button(text, firstStep(scope))),
        2,
      ),
      ...pageRow(at, pages, to => ({ act: 'maintenanceFor', page: to })),
    ],
  })
}

/**
 * Asks for the day, the hour and the duration, one after the other, and plans the maintenance. The buttons carry what
 * was chosen, so a forged one can only name what the words of the command can name too.
 */
export const planByButtons = async (context: ChatContext, { act: _, ...step }: PlanPress): Promise<Reply> => {
  const { deps, chat, messages } = context
  const oldButton = toastReply(messages.oldButton)
  const named = scopeOf(await deps.monitors.of(chat.id), step.scope)
  if (named === null) return oldButton
  const title = html`🛠 <b>${named.name ?? messages.maintenance.everything}</b>`
  if (step.day === none)
    return editReply({
      html: joined([title, messages.maintenance.whichDay(named.name)], '\n\n'),
      buttons: dayButtons(context, step),
    })
  if (step.day === 'week')
    return editReply({
      html: joined([title, messages.maintenance.whichWeekday()], '\n\n'),
      buttons: weekdayButtons(context, step),
    })
  if (step.day !== 'now' && step.hour === none)
    return editReply({
      html: joined([title, messages.maintenance.whichHour()], '\n\n'),
      buttons: hourButtons(context, step),
    })
  if (step.minutes === none)
    return editReply({
      html: joined([title, messages.maintenance.howLong()], '\n\n'),
      buttons: minuteButtons(context, step),
    })
  const start = startOf(context, step)
  if (start === null || !minutes.includes(step.minutes)) return oldButton
  if ('startsAt' in start && start.startsAt < deps.clock()) return toastReply(messages.maintenance.isPast, true)
  const refusal = await plan(context, {
    scope: { ...named.scope, chatId: chat.id },
    start,
    seconds: Number(step.minutes) * 60,
  })
  return editReply(refusal === null ? await maintenanceView(context) : { html: refusal })
}

/** The scope that a button names: `all`, `m42` for a monitor, `g42` for the group of a monitor. */
const scopeOf = (
  monitors: readonly Monitor[],
  code: string,
): { scope: Omit<MaintenanceScope, 'chatId'>; name: string | null } | null => {
  const none = { monitorId: null, groupName: null }
  if (code === 'all') return { scope: none, name: null }
  const monitor = monitors.find(({ id }) => code === `m${id}` || code === `g${id}`)
  if (monitor === undefined) return null
  if (code.startsWith('m')) return { scope: { ...none, monitorId: monitor.id }, name: monitor.name }
  return monitor.groupName === null
    ? null
    : { scope: { ...none, groupName: monitor.groupName }, name: monitor.groupName }
}

const back = ({ messages }: ChatContext, press: Press): Button[] => [{ text: messages.wizard.back, press }]

const dayButtons = (context: ChatContext, step: Step): Button[][] => {
  const { deps, chat, messages } = context
  const { maintenance } = messages
  const today = dayOf(deps.clock(), chat.zone)
  const days = Array.from({ length: daysAhead }, (_, ahead) =>
    Temporal.PlainDate.from(today).add({ days: ahead }).toString(),
  )
  return [
    [
      button(maintenance.now, { ...step, day: 'now' }),
      button(maintenance.tonight, { ...step, day: today.replaceAll('-', ''), hour: '22' }),
    ],
    ...inRows(
      days.map(day =>
        button(sayDate(day, { language: chat.language, today }), { ...step, day: day.replaceAll('-', '') }),
      ),
      3,
    ),
    [button(maintenance.daily, { ...step, day: 'daily' }), button(maintenance.weekly, { ...step, day: 'week' })],
    back(context, { act: 'maintenanceFor', page: 0 }),
  ]
}

const weekdayButtons = (context: ChatContext, step: Step): Button[][] => [
  ...inRows(
    context.messages.weekdays.map((name, at) => button(name, { ...step, day: `w${(at + 1) % 7}` })),
    3,
  ),
  back(context, { act: 'plan', ...step, day: none }),
]

const hourButtons = (context: ChatContext, step: Step): Button[][] => {
  const clock = new Intl.DateTimeFormat(context.chat.language, { timeStyle: 'short', timeZone: 'UTC' })
  return [
    ...inRows(
      hours.map(hour => button(clock.format(Number(hour) * 3_600_000).replaceAll('\u202f', ' '), { ...step, hour })),
      4,
    ),
    back(context, { act: 'plan', ...step, day: /^w\d$/.test(step.day) ? 'week' : none }),
  ]
}

const minuteButtons = (context: ChatContext, step: Step): Button[][] => [
  minutes.map(each => button(sayDuration(Number(each) * 60_000, context.chat.language), { ...step, minutes: each })),
  back(context, { act: 'plan', ...step, hour: none, ...(step.day === 'now' ? { day: none } : {}) }),
]

/** When the maintenance of the buttons begins; null for a day or an hour that no button has. */
const startOf = ({ deps, chat }: ChatContext, { day, hour }: Step): Start | null => {
  const zone = knownZone(chat.zone)
  if (day === 'now') return { startsAt: deps.clock() }
  if (!/^(?:1?\d|2[0-3])$/.test(hour)) return null
  if (day === 'daily') return { cron: `0 ${hour} * * *` }
  const weekday = /^w([0-6])$/.exec(day)?.[1]
  if (weekday !== undefined) return { cron: `0 ${hour} * * ${weekday}` }
  const [, year, month, date] = /^(20\d\d)(\d\d)(\d\d)$/.exec(day) ?? []
  if (year === undefined) return null
  try {
    return { startsAt: instantOf(`${year}-${month}-${date}`, `${hour.padStart(2, '0')}:00`, zone) }
  } catch {
    return null
  }
}

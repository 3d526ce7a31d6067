import type { MaintenanceWindow } from '#database/uptime/maintenance.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { dayOf, knownZone, sayClock, sayDuration, sayInstant } from '#functions/wording/dates.ts'
import { tellClock, tellInstant } from '#functions/wording/times.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import type { ChatContext } from '../context.ts'
import { label } from '../pages.ts'
import type { Button, View } from '../reply.ts'

/** The durations of the buttons that begin maintenance now, in minutes. */
const offeredMinutes = [20, 60, 120]
const maxShown = 10

/** The maintenance of the chat that goes on or comes, with buttons to end, to cancel and to plan one. */
export const maintenanceView = async (context: ChatContext): Promise<View> => {
  const { deps, chat, messages } = context
  const { maintenance } = messages
  const now = deps.clock()
  const all = await deps.maintenance.of(chat.id, now)
  const windows = all.slice(0, maxShown)
  const names = new Map((await deps.monitors.of(chat.id)).map(({ id, name }) => [id, name]))
  const nameOf = ({ title, monitorId, groupName }: MaintenanceWindow) =>
    title || ((monitorId === null ? groupName : names.get(monitorId)) ?? maintenance.everything)
  const startOf = ({ startsAt }: MaintenanceWindow) =>
    sayInstant(startsAt, { language: chat.language, zone: knownZone(chat.zone), now })
  const goesOn = ({ startsAt }: MaintenanceWindow) => startsAt <= now
  const planned = [...new Map(windows.filter(isPlanned(now)).map(window => [window.id, window])).values()]
  return {
    html: joined(
      [
        windows.length === 0
          ? maintenance.none()
          : joined([
              ...windows.map(window => windowLine(context, window, nameOf(window), now)),
              all.length > windows.length && messages.andMore(all.length - windows.length),
            ]),
        maintenance.how(),
      ],
      '\n\n',
    ),
    buttons: [
      ...windows.filter(goesOn).map((window): Button[] => [
        {
          text: label(maintenance.endNow(nameOf(window))),
          press: { act: 'endMaintenance', window: window.windowId },
        },
      ]),
      ...planned.map((window): Button[] => [
        {
          text: label(maintenance.cancel(startOf(window), nameOf(window))),
          press: { act: 'cancelMaintenance', plan: window.id },
        },
      ]),
      offeredMinutes.map(minutes => ({
        text: `🛠 ${sayDuration(minutes * 60_000, chat.language)}`,
        press: { act: 'maintain', minutes },
      })),
      [{ text: maintenance.planButton, press: { act: 'maintenanceFor', page: 0 } }],
    ],
  }
}

/** Whether it can be cancelled: it has not begun, or it repeats. */
const isPlanned =
  (now: Date) =>
  ({ startsAt, repetition }: MaintenanceWindow): boolean =>
    startsAt > now || repetition !== null

const windowLine = (context: ChatContext, window: MaintenanceWindow, name: string, now: Date): Html => {
  const { chat, messages } = context
  const reader = { language: chat.language, zone: knownZone(chat.zone), now }
  const { startsAt, endsAt } = window
  const isOneDay = dayOf(startsAt, reader.zone) === dayOf(endsAt, reader.zone)
  const when =
    startsAt <= now
      ? messages.maintenance.until(tellInstant(endsAt, reader))
      : html`${tellInstant(startsAt, reader)} – ${isOneDay ? tellClock(endsAt, reader) : tellInstant(endsAt, reader)}`
  return html`🛠 <b>${name}</b>: ${when}${window.repetition && ` · 🔁 ${sayRepetition(context, window)}`}`
}

/** `toda terça às 03:00 (horário de São Paulo)`, or the cron for other times. */
const sayRepetition = ({ chat, messages }: ChatContext, { repetition, startsAt }: MaintenanceWindow): string => {
  const { cron, zone } = repetition!
  const { maintenance, weekdays } = messages
  const where = sayZoneTime(zone, chat.language)
  const [, day] = /^\d+ \d+ \* \* ([0-6*])$/.exec(cron) ?? []
  if (day === undefined) return `${cron} (${where})`
  const clock = sayClock(startsAt, { language: chat.language, zone })
  const weekday = day === '*' ? null : weekdays[(Number(day) + 6) % 7]!
  return `${weekday === null ? maintenance.everyDay(clock) : maintenance.everyWeek(weekday, clock)} (${where})`
}

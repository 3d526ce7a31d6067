import type { MaintenanceScope, MaintenanceWindow } from '#database/uptime/maintenance.ts'
import { isMaintenanceTime, scopeNamed } from '#functions/monitors/maintenance-scope.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { knownZone, sayDuration, sayInstant } from '#functions/wording/dates.ts'
import type { ChatContext } from './context.ts'
import { parseInterval } from './monitor-argument.ts'
import { label } from './pages.ts'
import { type Button, editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { refusedChange } from './roles.ts'

/** The durations of the buttons, in minutes. */
const offeredMinutes = [30, 60, 120]
const maxShown = 10

/** Handles /manutencao: without words shows the maintenance of the chat, with a duration begins one now. */
export const maintenanceCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { maintenance } = context.messages
  if (argument.trim() === '') return sendReply(await maintenanceView(context))
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const parsed = durationAndName(argument)
  if (parsed === null) return sendReply({ html: maintenance.durationUnknown(label(argument)) })
  if (!isMaintenanceTime(parsed.seconds)) return sendReply({ html: maintenance.durationRefused() })
  const scope = scopeNamed(context.chat.id, await context.deps.monitors.of(context.chat.id), parsed.name)
  if (scope === null) return sendReply({ html: maintenance.scopeUnknown(label(parsed.name)) })
  return sendReply(await begin(context, scope, parsed.seconds))
}

/** Begins maintenance of all monitors of the chat. */
export const beginMaintenance = async (context: ChatContext, minutes: number): Promise<Reply> =>
  editReply(await begin(context, { chatId: context.chat.id, monitorId: null, groupName: null }, minutes * 60))

/** Ends a maintenance of the chat that goes on. */
export const endMaintenance = async (context: ChatContext, windowId: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  const ended = await deps.maintenance.endNow(chat.id, windowId, deps.clock())
  const { effects } = editReply(await maintenanceView(context))
  return {
    effects: [...toastReply(ended ? messages.maintenance.ended : messages.maintenance.over).effects, ...effects],
  }
}

/** `2h Loja` or `Loja por 2 horas`: the longest beginning or end that is a duration, and the rest. */
const durationAndName = (argument: string): { seconds: number; name: string } | null => {
  const words = argument.trim().split(/\s+/)
  for (let count = words.length; count > 0; count--) {
    const ends: [string[], string[]][] = [
      [words.slice(0, count), words.slice(count)],
      [words.slice(-count), words.slice(0, -count)],
    ]
    for (const [duration, rest] of ends) {
      const seconds = parseInterval(duration.join(' '))
      if (seconds !== null) return { seconds, name: rest.join(' ').replace(/\s+(?:por|for)$/i, '') }
    }
  }
  return null
}

/** Begins maintenance now, or makes the one that goes on longer. */
const begin = async (context: ChatContext, scope: MaintenanceScope, seconds: number): Promise<View> => {
  const { deps, origin } = context
  const now = deps.clock()
  const endsAt = new Date(now.getTime() + seconds * 1000)
  await deps.maintenance.beginNow({ ...scope, threadId: origin.threadId ?? null }, endsAt, now)
  return maintenanceView(context)
}

/** The maintenance of the chat that goes on or comes, with buttons to end it and to begin one. */
const maintenanceView = async (context: ChatContext): Promise<View> => {
  const { deps, chat, messages } = context
  const { maintenance } = messages
  const now = deps.clock()
  const windows = (await deps.maintenance.of(chat.id, now)).slice(0, maxShown)
  const names = new Map((await deps.monitors.of(chat.id)).map(({ id, name }) => [id, name]))
  const scopeOf = ({ monitorId, groupName }: MaintenanceWindow) =>
    (monitorId === null ? groupName : names.get(monitorId)) ?? maintenance.everything
  const line = (window: MaintenanceWindow): Html => {
    const reader = { language: chat.language, zone: knownZone(chat.zone), now }
    const [from, to] = [sayInstant(window.startsAt, reader), sayInstant(window.endsAt, reader)]
    return html`🛠 <b>${window.title || scopeOf(window)}</b>: ${window.startsAt <= now ? maintenance.until(to) : `${from} – ${to}`}`
  }
  return {
    html: joined([windows.length === 0 ? maintenance.none() : joined(windows.map(line)), maintenance.how()], '\n\n'),
    buttons: [
      ...windows
        .filter(({ startsAt }) => startsAt <= now)
        .map((window): Button[] => [
          {
            text: label(maintenance.endNow(window.title || scopeOf(window))),
            press: { act: 'endMaintenance', window: window.windowId },
          },
        ]),
      offeredMinutes.map(minutes => ({
        text: `🛠 ${sayDuration(minutes * 60_000, chat.language)}`,
        press: { act: 'maintain', minutes },
      })),
    ],
  }
}

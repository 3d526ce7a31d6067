import { scopeNamed } from '#functions/monitors/maintenance-scope.ts'
import type { ChatContext } from '../context.ts'
import { parseInterval } from '../monitor-argument.ts'
import { label } from '../pages.ts'
import { editReply, type Reply, sendReply, toastReply } from '../reply.ts'
import { refusedChange } from '../roles.ts'
import { maintenanceView } from './maintenance-view.ts'
import { plan } from './plan.ts'
import { plannedTime } from './planned-time.ts'

/** Handles /manutencao: without words shows the maintenance of the chat, with words begins or plans one. */
export const maintenanceCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  if (argument.trim() === '') return sendReply(await maintenanceView(context))
  return (await refusedChange(context)) ?? planInWords(context, argument)
}

const planInWords = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat } = context
  const { maintenance } = context.messages
  const now = deps.clock()
  const time = plannedTime(argument, { language: chat.language, zone: chat.zone, now })
  if (time !== null && 'refused' in time)
    return sendReply({ html: maintenance.startRefused[time.refused](label(argument)) })
  const { start, rest } = time ?? { start: { startsAt: now }, rest: argument }
  const parsed = durationAndName(rest)
  if (parsed === null) return sendReply({ html: maintenance.durationUnknown(label(argument)) })
  const scope = scopeNamed(chat.id, await deps.monitors.of(chat.id), parsed.name)
  if (scope === null) return sendReply({ html: maintenance.scopeUnknown(label(parsed.name)) })
  const refusal = await plan(context, { scope, start, seconds: parsed.seconds })
  return sendReply(refusal === null ? await maintenanceView(context) : { html: refusal })
}

/** Begins maintenance of all monitors of the chat. */
export const beginMaintenance = async (context: ChatContext, minutes: number): Promise<Reply> => {
  const start = { startsAt: context.deps.clock() }
  const refusal = await plan(context, {
    scope: { chatId: context.chat.id, monitorId: null, groupName: null },
    start,
    seconds: minutes * 60,
  })
  return editReply(refusal === null ? await maintenanceView(context) : { html: refusal })
}

/** Ends a maintenance of the chat that goes on. */
export const endMaintenance = async (context: ChatContext, windowId: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  const ended = await deps.maintenance.endNow(chat.id, windowId, deps.clock())
  return withToast(context, ended ? messages.maintenance.ended : messages.maintenance.over)
}

/** Cancels a maintenance of the chat that was planned. */
export const cancelMaintenance = async (context: ChatContext, id: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  const now = deps.clock()
  const planned = (await deps.maintenance.of(chat.id, now)).find(window => window.id === id)
  if (planned?.isFromFile) return toastReply(messages.maintenance.fromFile, true)
  const removed = planned !== undefined && (await deps.maintenance.remove(chat.id, id, now))
  return withToast(context, removed ? messages.maintenance.cancelled : messages.maintenance.gone)
}

const withToast = async (context: ChatContext, toast: string): Promise<Reply> => ({
  effects: [...toastReply(toast).effects, ...editReply(await maintenanceView(context)).effects],
})

/** `2h Loja` or `Loja por 2 horas`: the longest beginning or end that is a duration, and the rest. */
const durationAndName = (argument: string): { seconds: number; name: string } | null => {
  const words = argument.trim().split(/\s+/)
  for (let count = words.length; count > 0; count--) {
    const ends: [string[], string[]][] = [
      [words.slice(0, count), words.slice(count)],
      [words.slice(-count), words.slice(0, -count)],
    ]
    for (const [duration, rest] of ends) {
      const seconds = parseInterval(duration.join(' ').replace(/^(?:por|for|durante)\s+/i, ''))
      if (seconds !== null) return { seconds, name: nameIn(rest) }
    }
  }
  return null
}

/** The name without the words around it: `para a Loja por`. */
const nameIn = (words: readonly string[]) =>
  words
    .join(' ')
    .replace(/\s+(?:por|for|durante)$/i, '')
    .replace(/^(?:por|for|durante)$/i, '')
    .replace(/^(?:para|pra|do|da|of)\s+(?:(?:o|a|the)\s+)?(?=\S)/i, '')

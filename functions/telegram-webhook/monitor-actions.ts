import type { Monitor } from '#database/uptime/monitors.ts'
import { isChecked } from '#functions/checks/check-of.ts'
import { plain } from '#functions/telegram/html.ts'
import type { ChatContext } from './context.ts'
import { type UptimeDays, uptimeReasons } from './incident-views.ts'
import { probeRequest, takeCheck } from './monitor-check.ts'
import { limitMessage } from './monitor-limit-message.ts'
import { checkedJustNow, monitorCard, monitorsList } from './monitor-views.ts'
import { label } from './pages.ts'
import { type Button, type Effect, editReply, type Reply, toastReply } from './reply.ts'

/**
 * The action of a button of a monitor. It has an effect only in the chat that the monitor belongs to, because a person
 * can forge a button press.
 */
type MonitorAction = 'monitor' | 'check' | 'pause' | 'resume' | 'delete' | 'deleteNow'

export const pressMonitorButton = async (context: ChatContext, action: MonitorAction, id: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  switch (action) {
    case 'monitor':
      return showMonitor(context, await monitorOfChat(context, id))
    case 'check':
      return checkNow(context, await monitorOfChat(context, id))
    case 'pause':
      return showMonitor(context, await deps.monitors.pause(chat.id, id), messages.paused)
    case 'resume':
      return resumeMonitor(context, id)
    case 'delete':
      return confirmDelete(context, await monitorOfChat(context, id))
    case 'deleteNow': {
      const removed = await deps.removedMonitors.remove(chat.id, id, deps.clock())
      if (removed === null) return showList(context, messages.monitorGone)
      return showList(context, messages.deleted(removed.name), [
        { text: label(messages.undoDelete(removed.name)), press: { act: 'undelete', removed: removed.id } },
      ])
    }
    default:
      return action satisfies never
  }
}

export const monitorOfChat = async ({ deps, chat }: ChatContext, id: number): Promise<Monitor | null> => {
  const found = await deps.monitors.get(id)
  return found?.chatId === chat.id ? found : null
}

/** Shows why the uptime of a monitor has its value. */
export const explainUptime = async (context: ChatContext, id: number, days: UptimeDays): Promise<Reply> => {
  const monitor = await monitorOfChat(context, id)
  return monitor ? editReply(await uptimeReasons(context, monitor, days)) : showMonitor(context, null)
}

/** Restores a monitor of the chat that was deleted. A repeated press finds it restored. */
export const restoreMonitor = async (context: ChatContext, id: number): Promise<Reply> => {
  const { deps, chat, origin, messages } = context
  const restored = await deps.removedMonitors.restore(chat.id, id, {
    personId: origin.personId,
    limits: deps.limits,
    now: deps.clock(),
  })
  if (restored === 'gone') return showList(context, messages.undeleteGone)
  if (restored === 'exists') return toastReply(messages.undeleteExists, true)
  if ('exceeded' in restored) return toastReply(plain(limitMessage(context, restored.exceeded, '')), true)
  return showMonitor(context, await monitorOfChat(context, restored.monitorId), messages.undeleted)
}

const showList = async (context: ChatContext, toast: string, row?: Button[]): Promise<Reply> => {
  const view = await monitorsList(context, 0)
  return {
    effects: [
      { do: 'toast', text: toast },
      { do: 'edit', view: { ...view, buttons: [...(row ? [row] : []), ...(view.buttons ?? [])] } },
    ],
  }
}

export const showMonitor = async (context: ChatContext, monitor: Monitor | null, toast?: string): Promise<Reply> => {
  if (!monitor) return showList(context, context.messages.monitorGone)
  const toasts: Effect[] = toast === undefined ? [] : [{ do: 'toast', text: toast }]
  return { effects: [...toasts, { do: 'edit', view: await monitorCard(context, monitor) }] }
}

const resumeMonitor = async (context: ChatContext, id: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  const resumed = await deps.monitors.resumeWithinLimits(chat.id, id, context.origin.personId, deps.limits)
  if (resumed === null || !('exceeded' in resumed)) return showMonitor(context, resumed, messages.resumed)
  const { host } = await deps.monitors.hostOf(id)
  return toastReply(plain(limitMessage(context, resumed.exceeded, host)), true)
}

/**
 * Requests a check. The reply is only a toast, because the button is also below notifications, which a card must not
 * replace.
 */
const checkNow = async (context: ChatContext, monitor: Monitor | null): Promise<Reply> => {
  const { messages } = context
  if (!monitor) return toastReply(messages.monitorGone)
  if (monitor.pausedAt) return toastReply(messages.paused)
  if (!isChecked(monitor)) return toastReply(messages.notChecked)
  if (!(await takeCheck(context, monitor.id, 'now'))) return toastReply(checkedJustNow(context, monitor))
  return { ...toastReply(messages.checking), events: [probeRequest(context, monitor, 'now')] }
}

const confirmDelete = async (context: ChatContext, monitor: Monitor | null): Promise<Reply> => {
  if (!monitor) return showMonitor(context, null)
  const { messages } = context
  const { id, name } = monitor
  const buttons: Button[][] = [
    [{ text: label(messages.deleteYes(name)), press: { act: 'deleteNow', monitor: id } }],
    [{ text: messages.deleteNo, press: { act: 'monitor', monitor: id } }],
  ]
  return editReply({ html: messages.deleteSure(name), buttons })
}

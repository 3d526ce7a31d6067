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
      const removed = await deps.monitors.remove(chat.id, id)
      return showList(context, removed ? messages.deleted(removed.name) : messages.monitorGone)
    }
    default:
      return action satisfies never
  }
}

const monitorOfChat = async ({ deps, chat }: ChatContext, id: number): Promise<Monitor | null> => {
  const found = await deps.monitors.get(id)
  return found?.chatId === chat.id ? found : null
}

/** Shows why the uptime of a monitor has its value. */
export const explainUptime = async (context: ChatContext, id: number, days: UptimeDays): Promise<Reply> => {
  const monitor = await monitorOfChat(context, id)
  return monitor ? editReply(await uptimeReasons(context, monitor, days)) : showMonitor(context, null)
}

const showList = async (context: ChatContext, toast: string): Promise<Reply> => ({
  effects: [
    { do: 'toast', text: toast },
    { do: 'edit', view: await monitorsList(context, 0) },
  ],
})

const showMonitor = async (context: ChatContext, monitor: Monitor | null, toast?: string): Promise<Reply> => {
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

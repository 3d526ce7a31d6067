import type { CheckedMonitor } from '#functions/checks/check-of.ts'
import * as requested from '#functions/monitors/requested-check.ts'
import type { ChatContext } from './context.ts'

/** Takes an allowance for an unscheduled check. False if there is none left. */
export const takeCheck = ({ deps, cause }: ChatContext, monitorId: number, reason: 'first' | 'now'): Promise<boolean> =>
  requested.takeCheck(deps, cause, monitorId, reason)

/** The event that requests a check of the monitor now. The result goes to the chat. */
export const probeRequest = (
  { deps, chat, cause, origin: { threadId } }: ChatContext,
  monitor: CheckedMonitor,
  reason: 'first' | 'now',
) => requested.probeRequest(cause, monitor, { reason, to: { chatId: chat.id, threadId }, now: deps.clock() })

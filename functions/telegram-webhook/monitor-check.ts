import { ProbeRequested } from '#events/probe-requested.ts'
import { type CheckedMonitor, checkOf } from '#functions/checks/check-of.ts'
import type { ChatContext } from './context.ts'

/** Why a check is made outside the monitor's schedule: it is the first check, or the person requested it. */
type CheckReason = 'first' | 'now'

/** The number of unscheduled checks that one host gets in quick succession, for all its monitors together. */
const hostBurst = 3
/**
 * Seconds in which a monitor gets at most one first check, even if it is added again. The first check has a separate
 * allowance, so that it does not use up the allowance of "check now".
 */
const firstCheckS = 60

/** Takes an allowance for an unscheduled check. False if there is none left. */
export const takeCheck = async ({ deps, cause }: ChatContext, monitorId: number, reason: CheckReason) => {
  const { host, address } = await deps.monitors.hostOf(monitorId)
  const seconds = deps.limits.manualCheckSeconds
  const monitorAllowance =
    reason === 'now'
      ? { subject: `monitor/${monitorId}`, seconds, burst: 1 }
      : { subject: `first/${monitorId}`, seconds: firstCheckS, burst: 1 }
  const hostSubjects = [`host/${host}`, ...(address === null ? [] : [`address/${address}`])]
  return deps.allowances.take(
    [monitorAllowance, ...hostSubjects.map(subject => ({ subject, seconds, burst: hostBurst }))],
    cause.id,
    deps.clock(),
  )
}

/** The event that requests a check of the monitor now. The result goes to the chat. */
export const probeRequest = (
  { deps, chat, cause, origin: { threadId } }: ChatContext,
  monitor: CheckedMonitor,
  reason: CheckReason,
) =>
  ProbeRequested.from(cause, {
    subject: `monitor/${monitor.id}`,
    data: {
      reason,
      chatId: chat.id,
      ...(threadId === undefined ? {} : { threadId }),
      // A monitor that is down is up again only after several good attempts.
      checks: [checkOf({ ...monitor, down: monitor.state === 'down' }, deps.clock())],
    },
  })

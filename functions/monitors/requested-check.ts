import type { Allowances } from '#database/chats/allowances.ts'
import type { Monitors } from '#database/uptime/monitors.ts'
import type { Cause } from '#events/event.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { type CheckedMonitor, checkOf } from '#functions/checks/check-of.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Limits } from './limits.ts'

/** Why a check is made outside the monitor's schedule: it is the first check, or a person requested it. */
type CheckReason = 'first' | 'now'

/** The number of unscheduled checks that one host gets in quick succession, for all its monitors together. */
const hostBurst = 3
/**
 * Seconds in which a monitor gets at most one first check, even if it is added again. The first check has a separate
 * allowance, so that it does not use up the allowance of "check now".
 */
const firstCheckS = 60

interface CheckDependencies {
  monitors: Pick<Monitors, 'hostOf'>
  allowances: Pick<Allowances, 'take'>
  limits: Pick<Limits, 'manualCheckSeconds'>
  clock: Clock
}

/** Takes an allowance for an unscheduled check. False if there is none left. */
export const takeCheck = async (
  { monitors, allowances, limits, clock }: CheckDependencies,
  cause: Cause,
  monitorId: number,
  reason: CheckReason,
): Promise<boolean> => {
  const { host, address } = await monitors.hostOf(monitorId)
  const seconds = limits.manualCheckSeconds
  const monitorAllowance =
    reason === 'now'
      ? { subject: `monitor/${monitorId}`, seconds, burst: 1 }
      : { subject: `first/${monitorId}`, seconds: firstCheckS, burst: 1 }
  const hostSubjects = [`host/${host}`, ...(address === null ? [] : [`address/${address}`])]
  return allowances.take(
    [monitorAllowance, ...hostSubjects.map(subject => ({ subject, seconds, burst: hostBurst }))],
    cause.id,
    clock(),
  )
}

/** The event that requests a check of the monitor now. If `to` names a chat, its topic gets the result. */
export const probeRequest = (
  cause: Cause,
  monitor: CheckedMonitor,
  { reason, to, now }: { reason: CheckReason; to: { chatId: number; threadId?: number | undefined } | null; now: Date },
) =>
  ProbeRequested.from(cause, {
    subject: `monitor/${monitor.id}`,
    data: {
      reason,
      ...(to === null ? {} : { chatId: to.chatId, ...(to.threadId === undefined ? {} : { threadId: to.threadId }) }),
      // A monitor that is down is up again only after several good attempts.
      checks: [checkOf({ ...monitor, down: monitor.state === 'down' }, now)],
    },
  })

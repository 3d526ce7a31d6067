import type { Postgres } from '#database/connect.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { type ProbeResult, seenAt } from '#database/uptime/probe-results.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { checkOf, isChecked } from '#functions/checks/check-of.ts'

/**
 * The failures of this time cause one check of their common parent. It begins after the last of them, because an
 * earlier check of the parent explains nothing. No slot of the grid lies at half a second.
 */
const togetherMs = 5_000
const afterwardsMs = 500

/**
 * Monitors that failed while their parent counts as up wait for a check of the parent: the failure of the parent is
 * often found later than those of its dependents. Returns the requests of these checks, by the monitor that waits.
 */
export const parentChecks = async (
  tx: Postgres,
  failures: readonly { result: ProbeResult; cause: Cause }[],
  waiting: readonly { monitorId: number; parentId: number }[],
): Promise<Map<number, VigiaEvent>> => {
  if (waiting.length === 0) return new Map()
  const parents = await monitorsIn(tx).watched(waiting.map(({ parentId }) => parentId))
  const failureOf = new Map(failures.map(failure => [failure.result.monitorId, failure]))
  return new Map(
    waiting.flatMap(({ monitorId, parentId }): [number, VigiaEvent][] => {
      const parent = parents.get(parentId)
      if (parent === undefined || !isChecked(parent)) return []
      const { result, cause } = failureOf.get(monitorId)!
      const dueAt = checkTimeAfter(seenAt(result))
      const event = ProbeRequested.from(cause, {
        // Dependents that failed at the same time request the same check.
        id: `monitor/${parentId}@${dueAt.toISOString()}/${ProbeRequested.name}`,
        subject: `monitor/${parentId}`,
        data: { reason: 'parent', checks: [checkOf(parent, dueAt)] },
      })
      return [[monitorId, event]]
    }),
  )
}

const checkTimeAfter = (failure: Date): Date =>
  new Date((Math.floor(failure.getTime() / togetherMs) + 1) * togetherMs + afterwardsMs)

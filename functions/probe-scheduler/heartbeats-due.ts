import type { Postgres } from '#database/connect.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { HeartbeatsDue } from '#events/heartbeats-due.ts'

const tickMs = 10_000

/**
 * The event that lets the function `heartbeat` check the deadlines; none if every heartbeat is paused or there is none.
 * Two ticks in the same ten seconds publish the same id.
 */
export const heartbeatsDue = async (tick: Cause, { db, now }: { db: Postgres; now: Date }): Promise<VigiaEvent[]> => {
  if (!(await heartbeatsIn(db).exist())) return []
  const at = new Date(Math.floor(now.getTime() / tickMs) * tickMs).toISOString()
  return [HeartbeatsDue.from(tick, { id: `heartbeats@${at}`, subject: 'heartbeats', data: { at } })]
}

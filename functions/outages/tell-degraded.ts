import type { Postgres } from '#database/connect.ts'
import { type MonitorEvent, monitorEventsIn } from '#database/uptime/monitor-events.ts'
import { type Quality, toldStatesIn } from '#database/uptime/told-states.ts'
import type { DataOf } from '#events/event.ts'
import { MonitorDegraded } from '#events/monitor-degraded.ts'

/**
 * Decides and stores what the chats are told about monitors that are up but slow, or whose certificate expires soon,
 * and about the end of it. Call it at every tick. What is held back by an outage, maintenance or a silence is told
 * later if it is still true then.
 */
export const tellDegraded = (db: Postgres, now: Date): Promise<MonitorEvent[]> =>
  db.transaction(async tx => {
    const untold = await toldStatesIn(tx).untoldQuality(now)
    await toldStatesIn(tx).saveQuality(untold.map(({ monitorId }) => monitorId))
    const events = untold.flatMap(monitor =>
      [paceEvent(monitor), certificateEvent(monitor)].filter(event => event !== null),
    )
    const stored = await monitorEventsIn(tx).add(events, now)
    return events.filter(({ id }) => stored.has(id))
  })

type Degraded = DataOf<typeof MonitorDegraded>

const eventOf = (
  { monitorId, chatId, name, url }: Quality,
  key: string,
  data: Omit<Degraded, 'monitorId' | 'name' | 'url'>,
  time: Date,
): MonitorEvent => ({
  id: `monitor/${monitorId}/${MonitorDegraded.name}/${key}`,
  chatId,
  monitorId,
  cause: null,
  name: MonitorDegraded.name,
  subject: `monitor/${monitorId}`,
  data: { monitorId, name, url, ...data },
  time,
})

const paceEvent = (monitor: Quality): MonitorEvent | null => {
  const { slowSince, slowMs, toldSlowSince, judgedAt, isHeartbeat, usualRunMs } = monitor
  // A monitor that was fast for a while, without a message about it, is still slow for the chats.
  if ((slowSince === null) === (toldSlowSince === null)) return null
  const since = (slowSince ?? toldSlowSince)!
  const key = `slow@${since.toISOString()}`
  const run = isHeartbeat && { run: slowSince === null || usualRunMs === null ? {} : { usualMs: usualRunMs } }
  const data = { reason: 'slow', since: since.toISOString(), ...run } as const
  return slowSince === null
    ? eventOf(monitor, `${key}/ended`, { ...data, state: 'ended' }, judgedAt)
    : eventOf(monitor, key, { ...data, state: 'began', ...(slowMs !== null && { totalMs: slowMs }) }, since)
}

/** The id has the expiry, so that a site which shows two certificates in turn causes no message twice. */
const certificateEvent = (monitor: Quality): MonitorEvent | null => {
  const { certificateDays: days, toldCertificateDays, certificateExpiresAt, judgedAt } = monitor
  if (days === toldCertificateDays || certificateExpiresAt === null) return null
  const key = `certificate@${certificateExpiresAt.toISOString()}/${days ?? 'renewed'}`
  const data = { reason: 'certificate', expiresAt: certificateExpiresAt.toISOString() } as const
  return days === null
    ? eventOf(monitor, key, { ...data, state: 'ended' }, judgedAt)
    : eventOf(monitor, key, { ...data, state: 'began', days }, judgedAt)
}

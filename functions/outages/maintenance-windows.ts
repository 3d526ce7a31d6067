import type { Postgres } from '#database/connect.ts'
import { maintenanceIn, type UntoldWindow, type WindowPhase } from '#database/uptime/maintenance.ts'
import { type MonitorEvent, monitorEventsIn } from '#database/uptime/monitor-events.ts'
import type { DataOf } from '#events/event.ts'
import { MaintenanceChanged } from '#events/maintenance-changed.ts'

/** How long before its start a window is announced. */
export const announceAheadMs = 3_600_000

/** Adds the next window of all maintenance that repeats. */
export const planWindows = async (db: Postgres, now: Date): Promise<void> => {
  const maintenance = maintenanceIn(db)
  const due = await maintenance.withoutNextWindow(now)
  if (due.length === 0) return
  const { nextStart } = await import('./next-start.ts')
  for (const { id, repetition, lastStart, createdAt } of due) {
    const durationMs = repetition!.durationS * 1_000
    // A window that goes on is added too, if no tick ran when it began.
    const after = Math.max(lastStart?.getTime() ?? 0, createdAt.getTime(), now.getTime() - durationMs)
    const startsAt = nextStart(repetition!, new Date(after))
    if (startsAt !== null) await maintenance.addWindow(id, startsAt, new Date(startsAt.getTime() + durationMs))
  }
}

/**
 * Decides and stores what the chats are told of maintenance: that it will start, has started and has ended. Call it at
 * every tick.
 */
export const tellMaintenance = (db: Postgres, now: Date): Promise<MonitorEvent[]> =>
  db.transaction(async tx => {
    const maintenance = maintenanceIn(tx)
    const windows = await maintenance.untoldWindows(new Date(now.getTime() + announceAheadMs))
    const changes = windows.flatMap(window => {
      const phase = phaseAt(window, now)
      return phase === window.told ? [] : [{ window, phase }]
    })
    await maintenance.saveTold(changes.map(({ window, phase }) => ({ windowId: window.windowId, told: phase })))
    const events = changes
      // Nobody needs to know of maintenance that began and ended while no tick ran.
      .filter(({ window, phase }) => phase !== 'ended' || window.told !== 'nothing')
      .map(({ window, phase }) => maintenanceEvent(window, phase))
    const stored = await monitorEventsIn(tx).add(events, now)
    return events.filter(({ id }) => stored.has(id))
  })

const phaseAt = ({ startsAt, endsAt }: UntoldWindow, now: Date): WindowPhase =>
  now >= endsAt ? 'ended' : now >= startsAt ? 'started' : 'announced'

const maintenanceEvent = (window: UntoldWindow, phase: WindowPhase): MonitorEvent => {
  const { windowId, chatId, threadId, title, startsAt, endsAt, monitorId, groupName, monitors, names } = window
  const data: DataOf<typeof MaintenanceChanged> = {
    windowId,
    chatId,
    ...(threadId !== null && { threadId }),
    phase,
    title,
    startsAt: startsAt.toISOString(),
    endsAt: endsAt.toISOString(),
    scope: monitorId !== null ? 'monitor' : groupName !== null ? 'group' : 'all',
    ...(groupName !== null && { group: groupName }),
    monitors: { count: monitors, names },
  }
  const time = { announced: startsAt, started: startsAt, ended: endsAt }[phase]
  return {
    id: `maintenance-window/${windowId}/${MaintenanceChanged.name}/${phase}`,
    chatId,
    monitorId: null,
    cause: null,
    name: MaintenanceChanged.name,
    subject: `maintenance-window/${windowId}`,
    data,
    time,
  }
}

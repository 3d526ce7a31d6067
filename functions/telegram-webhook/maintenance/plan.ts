import type { MaintenanceScope, MaintenanceWindow } from '#database/uptime/maintenance.ts'
import { isMaintenanceTime } from '#functions/monitors/maintenance-scope.ts'
import type { Html } from '#functions/telegram/html.ts'
import { knownZone } from '#functions/wording/dates.ts'
import type { ChatContext } from '../context.ts'
import { label } from '../pages.ts'
import type { Start } from './planned-time.ts'

export interface Plan {
  scope: MaintenanceScope
  start: Start
  seconds: number
}

const maxAheadMs = 366 * 86_400_000
/** How many maintenances a chat may have planned. */
const maxPlanned = 50

/**
 * Begins or plans maintenance, once however often the same is asked for. Returns null, or the reason why it is not
 * possible; then nothing is stored.
 */
export const plan = async (context: ChatContext, { scope, start, seconds }: Plan): Promise<Html | null> => {
  const { deps, chat, origin, messages } = context
  const { maintenance } = messages
  const now = deps.clock()
  if (!isMaintenanceTime(seconds)) return maintenance.durationRefused()
  const wanted = { ...scope, threadId: origin.threadId ?? null }
  const known = await deps.maintenance.of(chat.id, now)
  const isFull = new Set(known.map(({ id }) => id)).size >= maxPlanned && !known.some(isSame(scope, start))
  if ('startsAt' in start) {
    const { startsAt } = start
    if (startsAt.getTime() - now.getTime() > maxAheadMs) return maintenance.tooFar()
    if (isFull) return maintenance.full(maxPlanned)
    const endsAt = new Date(startsAt.getTime() + seconds * 1000)
    if (startsAt <= now) await deps.maintenance.beginNow(wanted, endsAt, now)
    else await deps.maintenance.addOnce({ ...wanted, startsAt, endsAt }, now)
    return null
  }
  const { cron } = start
  const repetition = { cron, zone: knownZone(chat.zone), durationS: seconds }
  const firstStart = await firstStartOf(repetition, now)
  if (firstStart === null) return maintenance.cronRefused(label(cron))
  if (isFull) return maintenance.full(maxPlanned)
  const { id } = await deps.maintenance.addOnce({ ...wanted, ...repetition }, now)
  // The next tick would add this window too. It is added now, so that the list shows it at once.
  await deps.maintenance.addWindow(id, firstStart, new Date(firstStart.getTime() + seconds * 1000))
  return null
}

/** Whether maintenance is what a repeated request asks for again. */
const isSame =
  (scope: MaintenanceScope, start: Start) =>
  ({ monitorId, groupName, repetition, startsAt, endsAt }: MaintenanceWindow): boolean =>
    monitorId === scope.monitorId &&
    groupName === scope.groupName &&
    ('cron' in start
      ? repetition?.cron === start.cron
      : repetition === null && startsAt <= start.startsAt && endsAt > start.startsAt)

/** The first start after now; null if the cron is not valid or has none. */
const firstStartOf = async (repetition: { cron: string; zone: string }, now: Date): Promise<Date | null> => {
  const { nextStart } = await import('#functions/outages/next-start.ts')
  try {
    return nextStart(repetition, now)
  } catch {
    return null
  }
}

import { type ConfiguredMonitor, configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { uptimeIn } from '#database/uptime/uptime.ts'
import { formatDuration } from '#functions/vigia-yaml/duration.ts'
import { shownState } from '#functions/wording/shown-state.ts'
import type { Call } from './route.ts'

const dayMs = 86_400_000

/** The monitors of the chat as the API shows them, in the order in which they were added. */
export const resourcesOf = async ({ deps, key }: Call) => {
  const { db, clock, pingUrl } = deps
  const now = clock()
  const configured = new Map((await configuredMonitorsIn(db).of([key.chatId])).map(monitor => [monitor.id, monitor]))
  const monitors = await monitorsIn(db).of(key.chatId)
  const ids = monitors.map(({ id }) => id)
  const since = (days: number) => new Date(now.getTime() - days * dayMs)
  const uptimes = [1, 30].map(days => uptimeIn(db).uptimeOf(ids, { from: since(days), to: now }))
  const [day, month] = await Promise.all(uptimes)
  const heartbeats = await heartbeatsIn(db).of(ids)
  return monitors.flatMap(monitor => {
    const settings = configured.get(monitor.id)
    if (settings === undefined) return []
    const heartbeat = heartbeats.get(monitor.id)
    const { id, configKey, stateSince, judgedAt, parentId } = monitor
    return [
      {
        id,
        key: configKey,
        state: shownState({ ...monitor, isPaused: settings.isPaused }, now),
        stateSince,
        lastCheckAt: heartbeat === undefined ? judgedAt : heartbeat.lastPingAt,
        uptime: { day: day!.get(id)?.uptime ?? null, month: month!.get(id)?.uptime ?? null },
        responseMs: day!.get(id)?.averageMs ?? null,
        ...fieldsOf(settings),
        parentId,
        // Who knows the URL can ping, so a key that only reads does not get it.
        ...(heartbeat !== undefined &&
          key.scope === 'write' && { pingUrl: `${pingUrl ?? '/ping'}/${heartbeat.token}` }),
      },
    ]
  })
}

/** The fields of a monitor that a request can change, with the names of vigia.yaml. */
const fieldsOf = (monitor: ConfiguredMonitor) => {
  const { name, kind, url, intervalS, timeoutMs, confirmations, recoveries, reminder, group, threadId } = monitor
  const isHeartbeat = kind === 'heartbeat'
  return {
    name,
    kind,
    url: isHeartbeat ? null : url,
    interval: isHeartbeat ? null : formatDuration(intervalS * 1_000),
    timeout: isHeartbeat ? null : formatDuration(timeoutMs),
    confirmations,
    recoveries,
    reminder,
    group,
    topic: threadId,
    paused: monitor.isPaused,
    settings: monitor.settings,
    secrets: Object.fromEntries(Object.keys(monitor.secrets).map(secret => [secret, { stored: true }])),
  }
}

export type MonitorResource = Awaited<ReturnType<typeof resourcesOf>>[number]

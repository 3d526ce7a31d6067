import type { MaintenanceScope } from '#database/uptime/maintenance.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import { folded } from '#functions/wording/fold.ts'

/** The shortest and the longest maintenance, in seconds: the limits of the table `maintenance`. */
export const minMaintenanceS = 60
export const maxMaintenanceS = 7 * 86_400

export const isMaintenanceTime = (seconds: number): boolean =>
  Number.isInteger(seconds) && seconds >= minMaintenanceS && seconds <= maxMaintenanceS

const everything = ['', 'tudo', 'todos', 'all', 'everything']

/** What a name means: all monitors, a group or a monitor. Null if the chat has neither. */
export const scopeNamed = (chatId: number, monitors: readonly Monitor[], name: string): MaintenanceScope | null => {
  if (everything.includes(folded(name))) return { chatId, monitorId: null, groupName: null }
  return scopeOfGroup(chatId, monitors, name) ?? scopeOfMonitor(chatId, monitors, name)
}

/** The group with this name; null if no monitor of the chat has it. */
export const scopeOfGroup = (chatId: number, monitors: readonly Monitor[], name: string): MaintenanceScope | null => {
  const found = monitors.find(({ groupName }) => groupName !== null && folded(groupName) === folded(name))
  return found === undefined ? null : { chatId, monitorId: null, groupName: found.groupName }
}

/** The monitor with this id, key of vigia.yaml or name; null if the chat has none. */
export const scopeOfMonitor = (chatId: number, monitors: readonly Monitor[], name: string): MaintenanceScope | null => {
  const found =
    monitors.find(({ id }) => String(id) === name) ??
    monitors.find(({ configKey }) => configKey === name) ??
    monitors.find(monitor => folded(monitor.name) === folded(name))
  return found === undefined ? null : { chatId, monitorId: found.id, groupName: null }
}

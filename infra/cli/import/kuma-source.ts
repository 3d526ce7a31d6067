import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** A row of one of Kuma's tables. Its versions have different columns. */
export type KumaRow = Readonly<Record<string, unknown>>

/** What Kuma has, as far as it is read here. */
export interface KumaSource {
  monitors: KumaRow[]
  notifications: KumaRow[]
  maintenances: (KumaRow & { monitorIds: number[] })[]
  statusPages: KumaRow[]
  tags: { monitorId: number; name: string }[]
  /** The settings by key; the values are JSON. */
  settings: ReadonlyMap<string, string>
}

const sqliteHeader = 'SQLite format 3\0'

/** Reads Kuma's database (`kuma.db`) or the JSON backup of Kuma 1. Throws an Error if the file is neither. */
export const readKuma = (path: string): KumaSource => {
  const bytes = readFileSync(path)
  if (bytes.subarray(0, sqliteHeader.length).toString('latin1') === sqliteHeader) return fromDatabase(path)
  return fromBackup(bytes.toString('utf8'))
}

const fromDatabase = (path: string): KumaSource => {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const tables = new Set(
      db
        .prepare("select name from sqlite_master where type = 'table'")
        .all()
        .map(({ name }) => String(name)),
    )
    if (!tables.has('monitor')) throw new Error(`${path} is not a database of Uptime Kuma: it has no table "monitor"`)
    // A table that the version does not have counts as empty.
    const rows = (table: string): KumaRow[] => (tables.has(table) ? db.prepare(`select * from "${table}"`).all() : [])
    const tagNames = new Map(rows('tag').map(({ id, name }) => [Number(id), String(name)]))
    return {
      monitors: rows('monitor').toSorted((one, other) => Number(one.id) - Number(other.id)),
      notifications: rows('notification'),
      maintenances: rows('maintenance').map(maintenance => ({
        ...maintenance,
        monitorIds: rows('monitor_maintenance')
          .filter(row => row.maintenance_id === maintenance.id)
          .map(row => Number(row.monitor_id)),
      })),
      statusPages: rows('status_page'),
      tags: rows('monitor_tag').map(row => ({
        monitorId: Number(row.monitor_id),
        name: tagNames.get(Number(row.tag_id)) ?? '',
      })),
      settings: new Map(rows('setting').map(({ key, value }) => [String(key), String(value)])),
    }
  } finally {
    db.close()
  }
}

const fromBackup = (text: string): KumaSource => {
  const backup = parsed(text) as { monitorList?: unknown; notificationList?: unknown } | null
  if (!Array.isArray(backup?.monitorList))
    throw new Error('the file is neither a database of Uptime Kuma (kuma.db) nor its JSON backup')
  const monitors = backup.monitorList as Record<string, unknown>[]
  return {
    monitors: monitors.map(asRow),
    notifications: Array.isArray(backup.notificationList) ? backup.notificationList : [],
    maintenances: [],
    statusPages: [],
    tags: monitors.flatMap(({ id, tags }) =>
      (Array.isArray(tags) ? tags : []).map(({ name }) => ({ monitorId: Number(id), name: String(name) })),
    ),
    settings: new Map(),
  }
}

/** The backup has the columns in camel case, and the status codes as a list. */
const asRow = (monitor: Record<string, unknown>): KumaRow => ({
  ...Object.fromEntries(
    Object.entries(monitor).map(([key, value]) => [key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`), value]),
  ),
  accepted_statuscodes_json: JSON.stringify(monitor.accepted_statuscodes ?? ['200-299']),
})

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

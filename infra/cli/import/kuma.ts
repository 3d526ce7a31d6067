import { maxHeartbeatS, minHeartbeatS } from '#events/heartbeat-settings.ts'
import { defaultConfirmations } from '#events/probe-requested.ts'
import { type Collector, collector, type Imported } from './imported.ts'
import { type KumaCheck, kumaHttp } from './kuma-http.ts'
import { kumaService } from './kuma-services.ts'
import { type KumaRow, type KumaSource, readKuma } from './kuma-source.ts'
import { confirmationsOf, timingOf } from './timing.ts'

/** Reads a database or a backup of Uptime Kuma. */
export const importKuma = (path: string): Imported => {
  const source = readKuma(path)
  const found = collector('Uptime Kuma')
  const groups = groupNames(source.monitors)
  for (const row of source.monitors) {
    if (row.type === 'group') continue
    const name = String(row.name || row.url || row.hostname || `monitor ${row.id}`)
    const check = checkOf(row, source)
    if ('why' in check) {
      found.leaveOut(name, check.why)
      continue
    }
    const isHeartbeat = check.entry.kind === 'heartbeat'
    const timing = isHeartbeat ? { entry: {}, lost: [] } : timingOfRow(row)
    const group = groups.get(Number(row.parent))
    found.add(name, {
      entry: {
        ...check.entry,
        name,
        ...timing.entry,
        ...(!isHeartbeat && confirmationsOf(Number(row.maxretries ?? 0) + 1, defaultConfirmations)),
        ...(group !== undefined && { group }),
        ...(isPaused(row, source.monitors) && { paused: true }),
        ...(Object.keys(check.settings).length > 0 && { settings: check.settings }),
      },
      secrets: check.secrets,
      lost: [...check.lost, ...timing.lost, ...lostOf(row, source)],
    })
  }
  leaveOutTheRest(found, source)
  return found.imported
}

/** The names of Kuma's groups with those of the groups around them: `Produção / Filas`. */
const groupNames = (monitors: readonly KumaRow[]): Map<number, string> => {
  const rows = new Map(monitors.filter(({ type }) => type === 'group').map(row => [Number(row.id), row]))
  const nameOf = (row: KumaRow, depth = 0): string => {
    const parent = rows.get(Number(row.parent))
    return parent === undefined || depth > 10 ? String(row.name) : `${nameOf(parent, depth + 1)} / ${row.name}`
  }
  return new Map([...rows].map(([id, row]) => [id, nameOf(row).slice(0, 100)]))
}

/** In Kuma, a paused group pauses its monitors. */
const isPaused = (row: KumaRow, monitors: readonly KumaRow[], depth = 0): boolean => {
  if (!row.active) return true
  const parent = monitors.find(({ id }) => id === row.parent)
  return parent !== undefined && depth < 10 && isPaused(parent, monitors, depth + 1)
}

const timingOfRow = ({ interval, timeout }: KumaRow) => {
  const intervalMs = Number(interval ?? 60) * 1000
  // Kuma uses this timeout if none is set.
  return timingOf(intervalMs, Number(timeout) > 0 ? Number(timeout) * 1000 : intervalMs * 0.8)
}

const checkOf = (row: KumaRow, source: KumaSource): KumaCheck => {
  if (row.upside_down) return { why: 'it is upside down; Vigia has no monitor that is up while its service is down' }
  switch (row.type) {
    case 'http':
    case 'keyword':
    case 'json-query':
      return kumaHttp(row, certificateDaysIn(source))
    case 'push':
      return heartbeat(row)
    default:
      return kumaService(row)
  }
}

const certificateDaysIn = ({ settings }: KumaSource): number | undefined => {
  const days: unknown = JSON.parse(settings.get('tlsExpiryNotifyDays') ?? 'null')
  return Array.isArray(days) && days.length > 0 ? Math.max(...days.map(Number)) : undefined
}

const heartbeat = ({ interval, retry_interval, maxretries }: KumaRow): KumaCheck => {
  const wantedS = Number(interval ?? 60)
  const periodS = Math.min(Math.max(wantedS, minHeartbeatS), maxHeartbeatS)
  const graceS = Math.max(Number(maxretries ?? 0) * Number(retry_interval ?? 0), minHeartbeatS)
  return {
    entry: { kind: 'heartbeat' },
    settings: { periodS, graceS },
    secrets: {},
    lost: [
      'its job has to ping the new URL of the heartbeat',
      ...(periodS === wantedS ? [] : [`a ping is expected every ${periodS} s instead of every ${wantedS} s`]),
    ],
  }
}

const lostOf = (row: KumaRow, { tags }: KumaSource): string[] => {
  const own = tags.filter(({ monitorId }) => monitorId === row.id).map(({ name }) => name)
  return [
    ...(own.length > 0 ? [`its tags are left out: ${own.join(', ')}`] : []),
    ...(row.description ? ['its description is left out'] : []),
    ...(row.domain_expiry_notification ? ['the expiry of its domain is not watched'] : []),
  ]
}

const leaveOutTheRest = ({ leaveOut }: Collector, source: KumaSource): void => {
  for (const { name } of source.notifications)
    leaveOut(`the notification ${name}`, 'the messages go to the chat of the monitors')
  for (const { title } of source.maintenances)
    leaveOut(`the maintenance ${title}`, 'plan it in the chat, or as a window of vigia.yaml')
  for (const { title } of source.statusPages) leaveOut(`the status page ${title}`, 'status pages are not imported')
}

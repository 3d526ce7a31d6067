/**
 * What chats should be told, in a simple form and without a database. Times are milliseconds. The monitors with a
 * parent depend on monitor 1.
 */
export interface ModelMonitor {
  id: number
  parent: ModelMonitor | null
  remindEveryMs: number | null
  state: 'new' | 'up' | 'down'
  since: number
  judgedAt: number
  changes: number[]
  settlesAt: number | null
  /** How often it went down, which is the number of its newest incident. */
  incident: number
  told: 'up' | 'down' | 'flapping'
  toldAt: number
  toldIncident: number
  reminded: number
  /** The answers that were given, as `incident:answer`. */
  answers: Set<string>
  silencedUntil: number | null
}

export interface Window {
  from: number
  to: number
  monitor: number | null
}

const minute = 60_000

export const newModelMonitor = (
  id: number,
  parent: ModelMonitor | null,
  remindEveryMs: number | null,
): ModelMonitor => ({
  ...{ id, parent, remindEveryMs, state: 'new', since: 0, judgedAt: 0, changes: [], settlesAt: null, incident: 0 },
  ...{ told: 'up', toldAt: 0, toldIncident: 0, reminded: 0, answers: new Set<string>(), silencedUntil: null },
})

/** A check: the state, and whether the monitor is flapping (four changes in ten minutes, until five quiet minutes). */
export const judge = (monitor: ModelMonitor, ok: boolean, at: number): void => {
  const state = ok ? 'up' : 'down'
  if (state !== monitor.state) {
    if (!(monitor.state === 'new' && ok)) {
      monitor.changes = [...monitor.changes.filter(change => change > at - 10 * minute), at].slice(-4)
      if (monitor.settlesAt !== null || monitor.changes.length === 4) monitor.settlesAt = at + 5 * minute
    }
    if (!ok) monitor.incident++
    monitor.state = state
    monitor.since = at
  } else if (monitor.settlesAt !== null && at >= monitor.settlesAt) {
    monitor.settlesAt = null
    monitor.changes = []
  }
  monitor.judgedAt = at
}

const concerns = (window: Window, { id }: ModelMonitor) => window.monitor === null || window.monitor === id

/** The failure is, or may be, a consequence of the parent's. */
const isExplained = ({ parent, since, judgedAt }: ModelMonitor, at: number): boolean =>
  parent !== null &&
  parent.state !== 'new' &&
  (parent.state === 'down' || (parent.judgedAt < since && at < since + 51_000) || judgedAt <= parent.since)

/** What is told about the monitor now; null if nothing changed or something holds it back. */
export const tell = (monitor: ModelMonitor, windows: readonly Window[], at: number): string | null => {
  const { settlesAt, state, told, silencedUntil } = monitor
  const actual = settlesAt !== null ? 'flapping' : state === 'down' ? 'down' : 'up'
  if (actual === told || (silencedUntil !== null && silencedUntil > at && silencedUntil < Infinity)) return null
  const isInMaintenance = windows.some(
    window =>
      concerns(window, monitor) &&
      window.from <= at &&
      (at < window.to || (monitor.judgedAt < window.to && at < window.to + 5 * minute)),
  )
  if (actual !== 'up' && (silencedUntil === Infinity || isInMaintenance || isExplained(monitor, at))) return null
  monitor.told = actual
  monitor.toldAt = at
  monitor.toldIncident = monitor.incident
  monitor.reminded = 0
  if (silencedUntil !== null && (silencedUntil <= at || (silencedUntil === Infinity && actual === 'up')))
    monitor.silencedUntil = null
  return `${monitor.id} ${told === 'flapping' ? 'steady ' : ''}${actual}`
}

/** The reminder that is due; null if there is none. */
export const remind = (monitor: ModelMonitor, windows: readonly Window[], at: number): string | null => {
  const { told, state, settlesAt, silencedUntil, remindEveryMs, parent, answers, toldIncident } = monitor
  if (told !== 'down' || state !== 'down' || settlesAt !== null) return null
  if (silencedUntil !== null && silencedUntil > at) return null
  if ([...answers].some(answer => answer.endsWith('acknowledge') && Number.parseInt(answer, 10) >= toldIncident))
    return null
  if (windows.some(window => concerns(window, monitor) && window.from <= at && at < window.to)) return null
  if (parent?.state === 'down') return null
  const due = remindEveryMs === null ? 0 : Math.floor((at - monitor.toldAt) / remindEveryMs)
  if (silencedUntil === null && due <= monitor.reminded) return null
  monitor.reminded = due
  monitor.silencedUntil = null
  return `${monitor.id} reminder`
}

/** A person answers the newest incident. The first answer of each kind counts. */
export const answer = (monitor: ModelMonitor, kind: 'acknowledge' | 'hour' | 'recovery', at: number): void => {
  const { incident, answers, told, silencedUntil } = monitor
  if (told === 'up' || answers.has(`${incident}:${kind}`)) return
  answers.add(`${incident}:${kind}`)
  if (kind === 'acknowledge') return
  monitor.silencedUntil = Math.max(silencedUntil ?? 0, kind === 'hour' ? at + 60 * minute : Infinity)
}

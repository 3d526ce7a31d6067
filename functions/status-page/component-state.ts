import type { ReadComponent } from '#database/pages/page-reading.ts'
import { shownState } from '#functions/wording/shown-state.ts'

/** The state of a component as visitors see it. */
export type ComponentState =
  | 'up'
  | 'slow'
  | 'degraded'
  | 'partial'
  | 'down'
  | 'maintenance'
  | 'unknown'
  | 'waiting'
  | 'paused'

export const componentState = (component: ReadComponent, now: Date): ComponentState => {
  const { judgedAt, inMaintenance, isSlow, impact } = component
  const shown = shownState({ ...component, judgedAt: judgedAt === null ? null : new Date(judgedAt * 1000) }, now)
  if (inMaintenance) return shown === 'paused' ? 'paused' : 'maintenance'
  // People know more than a check that is good, but they do not make an outage smaller.
  if (impact !== 'none' && shown !== 'down') return impact
  if (shown === 'paused') return 'paused'
  if (shown === 'new' || shown === 'resumed') return 'waiting'
  return shown === 'up' && isSlow ? 'slow' : shown
}

/** What the head of a page says about all of its components. */
export type OverallState =
  | 'none'
  | 'up'
  | 'slow'
  | 'degraded'
  | 'partial'
  | 'someDown'
  | 'allDown'
  | 'maintenance'
  | 'unknown'

export const overallState = (states: readonly ComponentState[]): OverallState => {
  const counted: readonly ComponentState[] = states.filter(state => state !== 'paused')
  if (counted.length === 0) return 'none'
  const has = (state: ComponentState) => counted.includes(state)
  if (counted.every(state => state === 'down')) return 'allDown'
  if (has('down')) return 'someDown'
  if (has('partial')) return 'partial'
  if (has('maintenance')) return 'maintenance'
  if (has('unknown')) return 'unknown'
  if (has('degraded')) return 'degraded'
  if (has('slow')) return 'slow'
  return has('up') ? 'up' : 'unknown'
}

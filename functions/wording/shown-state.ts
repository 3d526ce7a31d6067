import type { Monitor } from '#database/uptime/monitors.ts'

/**
 * The state of a monitor as a person sees it. `unknown`: no check for a long time. `resumed`: no check since it was
 * resumed.
 */
export type ShownState = 'up' | 'down' | 'new' | 'resumed' | 'unknown' | 'paused'

type Shown = Pick<Monitor, 'kind' | 'state' | 'judgedAt' | 'intervalS'> & { isPaused: boolean }

export const shownState = ({ kind, state, isPaused, judgedAt, intervalS }: Shown, now: Date): ShownState => {
  if (isPaused) return 'paused'
  // Vigia waits for the pings of a heartbeat, so a long silence does not mean that checks are missing.
  if (kind === 'heartbeat') return state
  if (judgedAt === null) return 'new'
  if (state === 'new') return 'resumed'
  const silentMs = now.getTime() - judgedAt.getTime()
  return silentMs > Math.max(3 * intervalS, 120) * 1000 ? 'unknown' : state
}

import { chance } from './random.ts'
import type { World } from './workload.ts'

/** How a check ends: when, milliseconds, and what it found; "still down" is no news. */
export interface Visit {
  endMs: number
  found: 'up' | 'down' | 'still down'
  /** When each attempt began, and whether it was answered. */
  attempts: { atMs: number; answered: boolean }[]
}

export interface Site {
  monitor: number
  intervalS: number
  /** 0 answers, 1 hangs for good, 2 hangs while the region is away. */
  kind: number
}

const pausesMs = [1_000, 2_000]
const timeoutOf = (intervalS: number) => Math.min(10_000, intervalS * 500)

/** Whether a site answers an attempt that begins then. */
export const answers = ({ kind }: Site, { outage }: World, atMs: number): boolean =>
  kind === 0 || (kind === 2 && (atMs < outage.from * 1_000 || atMs >= outage.to * 1_000))

/** A check of functions/uptime-prober/measure.ts: a failure is looked at twice more, unless the site was down when the slot was planned. */
export const visit = (site: Site, world: World, dueSecond: number, startMs: number, knownDown: boolean): Visit => {
  const timeoutMs = timeoutOf(site.intervalS)
  const attempts: Visit['attempts'] = []
  let endMs = startMs
  for (;;) {
    const answered = answers(site, world, endMs)
    attempts.push({ atMs: endMs, answered })
    // Most answer in a quarter of a second, few take long.
    const tookMs = 50 - 200 * Math.log(1 - chance(world.seed, site.monitor, dueSecond, attempts.length))
    endMs += answered ? Math.min(timeoutMs, tookMs) : timeoutMs
    if (answered) return { endMs, found: 'up', attempts }
    if (knownDown) return { endMs, found: 'still down', attempts }
    const pauseMs = pausesMs[attempts.length - 1]
    if (pauseMs === undefined) return { endMs, found: 'down', attempts }
    endMs += pauseMs
  }
}

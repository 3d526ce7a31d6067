import { randomFrom } from './random.ts'
import { type Scenario, siteKinds } from './workload.ts'

/** The end of a check. "still down" changes nothing, because the site was down before. */
export interface CheckResult {
  endMs: number
  found: 'up' | 'down' | 'still down'
  /** When each attempt began, and whether the site answered it. */
  attempts: { atMs: number; answered: boolean }[]
}

export interface Site {
  monitor: number
  intervalS: number
  /** One of siteKinds. */
  kind: number
}

const pausesMs = [1_000, 2_000]
const timeoutMs = (intervalS: number) => Math.min(10_000, intervalS * 500)

/** Whether the site answers an attempt that begins at `atMs`. */
export const answers = ({ kind }: Site, { outage }: Scenario, atMs: number): boolean =>
  kind === siteKinds.answers ||
  (kind === siteKinds.hangsInOutage && (atMs < outage.from * 1_000 || atMs >= outage.to * 1_000))

/**
 * One check as functions/uptime-prober/check-runner.ts does it: a failure is confirmed by two more attempts, unless the
 * site was already down when the slot was announced.
 */
export const runCheck = (
  site: Site,
  scenario: Scenario,
  dueSecond: number,
  startMs: number,
  knownDown: boolean,
): CheckResult => {
  const limitMs = timeoutMs(site.intervalS)
  const attempts: CheckResult['attempts'] = []
  let endMs = startMs
  for (;;) {
    const answered = answers(site, scenario, endMs)
    attempts.push({ atMs: endMs, answered })
    // Most sites answer within 250 ms; a few take much longer.
    const tookMs = 50 - 200 * Math.log(1 - randomFrom(scenario.seed, site.monitor, dueSecond, attempts.length))
    endMs += answered ? Math.min(limitMs, tookMs) : limitMs
    if (answered) return { endMs, found: 'up', attempts }
    if (knownDown) return { endMs, found: 'still down', attempts }
    const pauseMs = pausesMs[attempts.length - 1]
    if (pauseMs === undefined) return { endMs, found: 'down', attempts }
    endMs += pauseMs
  }
}

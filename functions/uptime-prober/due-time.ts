import type { EventOf } from '#events/event.ts'
import type { Check, ProbeRequested } from '#events/probe-requested.ts'
import type { Clock } from '#functions/host/clock.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import type { Sleep } from './sleep.ts'
import { isTooFarAhead } from './slot-disposition.ts'

/** A check with its due time in milliseconds since 1970. */
export interface DueCheck {
  check: Check
  dueMs: number
}

/** The checks of an event in the order of their due times. Throws Permanent for a due time that is not valid. */
export const checksByDueTime = ({ data }: EventOf<typeof ProbeRequested>): DueCheck[] => {
  const checks = data.checks.map(check => ({ check, dueMs: Date.parse(check.dueAt) }))
  const invalid = checks.find(({ dueMs }) => Number.isNaN(dueMs))?.check
  if (invalid) throw new Permanent(`monitor/${invalid.monitorId}: ${JSON.stringify(invalid.dueAt)} is not a valid time`)
  return checks.sort((a, b) => a.dueMs - b.dueMs)
}

/**
 * How long a running check may still take after `stop`. If a check takes longer, the broker redelivers the event.
 */
const graceMs = 2_000

/**
 * Runs `work` for each check when it is due; checks run concurrently. When all checks have ended, throws the first
 * error of `work`. Throws RetryLater if checks did not run or did not finish, because of `stop` or because their due
 * time is too far in the future.
 */
export const runWhenDue = async (
  checks: readonly DueCheck[],
  { clock, sleep, stop, onStop }: { clock: Clock; sleep: Sleep; stop: AbortSignal; onStop: () => void },
  work: (check: Check) => Promise<void>,
): Promise<void> => {
  const running: Promise<void>[] = []
  const errors: unknown[] = []
  let finished = 0
  for (const { check, dueMs } of checks) {
    if (isTooFarAhead(dueMs, clock())) break
    await sleepUntil(dueMs, { clock, sleep, stop })
    if (stop.aborted) break
    running.push(
      work(check)
        .catch(error => void errors.push(error))
        .then(() => void finished++),
    )
  }
  await Promise.race([Promise.all(running), graceAfter({ sleep, stop, onStop })])
  if (errors.length > 0) throw errors[0]
  const unfinished = checks.length - finished
  if (unfinished > 0)
    throw new RetryLater(`${unfinished} checks were not finished; the broker delivers the event again`, 1)
}

const sleepUntil = async (
  dueMs: number,
  { clock, sleep, stop }: { clock: Clock; sleep: Sleep; stop: AbortSignal },
): Promise<void> => {
  for (;;) {
    const leftMs = dueMs - clock().getTime()
    if (leftMs <= 0 || stop.aborted) return
    await sleep(leftMs, stop)
  }
}

/** Resolves when the grace period after `stop` is over. Without `stop` it never resolves. */
const graceAfter = async ({
  sleep,
  stop,
  onStop,
}: {
  sleep: Sleep
  stop: AbortSignal
  onStop: () => void
}): Promise<void> => {
  if (!stop.aborted) await new Promise(resolve => stop.addEventListener('abort', resolve, { once: true }))
  onStop()
  await sleep(graceMs)
}

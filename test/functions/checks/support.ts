import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import type { Check } from '#events/probe-requested.ts'
import type { CheckJob, RunAttempt } from '#functions/checks/check-type.ts'
import { settingsFault } from '#functions/checks/settings.ts'
import type { Dialler } from '#functions/dial/dial.ts'
import { open } from '#test/functions/dial/support/servers.ts'

export const noon = '2026-11-21T12:00:00.000Z'

/** Makes one attempt of a check with valid settings. By default every host name has the address 127.0.0.1. */
export const attemptOf =
  (kind: Check['kind'], run: RunAttempt, dialler: Dialler = open) =>
  (url: string, settings: Record<string, unknown> = {}, more: Partial<CheckJob> = {}) => {
    expect(settingsFault(kind, settings)).toBeNull()
    const check = { monitorId: 1, kind, url, timeoutMs: 5_000, intervalS: 60, dueAt: noon, settings, ...more }
    return run(dialler, check, 0)
  }

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/**
 * Runs `work` twice and returns by how many MiB the second run makes the memory of this process grow. The first run
 * does not count, because V8 and the allocator keep the space that they needed once. Garbage does not count either.
 */
export const memoryGrowth = async (work: () => Promise<unknown>): Promise<number> => {
  await work()
  collectGarbage()
  const before = process.memoryUsage().rss
  await work()
  collectGarbage()
  return (process.memoryUsage().rss - before) / 1024 / 1024
}

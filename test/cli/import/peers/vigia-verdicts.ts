import { checkOf } from '#functions/checks/check-of.ts'
import { safeDialler } from '#functions/dial/dial.ts'
import { checkRunner } from '#functions/uptime-prober/check-runner.ts'
import { connectivityTracker } from '#functions/uptime-prober/connectivity.ts'
import type { DesiredMonitor } from '#functions/vigia-yaml/desired.ts'
import { desiredImport } from '#infra/cli/import/desired-import.ts'
import type { Imported } from '#infra/cli/import/imported.ts'
import certificates from './certificates.json' with { type: 'json' }

/** What a program says about a monitor. Only Vigia has degraded monitors. */
export type Verdict = 'up' | 'down' | 'degraded'

/** Imports monitors as `vigia import` does, and checks each once. Paused monitors and heartbeats are left out. */
export const vigiaVerdicts = async (found: Imported) => {
  const { imported, chat } = await desiredImport(found, 7, () => true)
  const guard = () => true
  const runCheck = checkRunner({
    dialler: safeDialler({
      guard,
      lookup: async host =>
        host === 'localhost' ? ['127.0.0.1'] : Promise.reject(Object.assign(new Error(host), { code: 'ENOTFOUND' })),
      ca: certificates.authority,
    }),
    connectivity: connectivityTracker(guard, null),
    clock: () => new Date(),
    sleep: async () => {},
  })
  const names = new Map(imported.monitors.map(({ key, name }) => [key, name]))
  const verdictOf = async (monitor: DesiredMonitor, id: number): Promise<Verdict> => {
    const { kind, secrets } = monitor
    if (kind === 'heartbeat') throw new Error(`${monitor.key} is a heartbeat`)
    const values = Object.entries(secrets).map(([name, secret]) => [name, secret === 'stored' ? '' : secret.value])
    const check = checkOf({ ...monitor, id, kind, hasSecrets: values.length > 0 }, new Date())
    const { result } = await runCheck({ ...check, secrets: Object.fromEntries(values) })
    if (result.ok === null) throw new Error(`${monitor.key} was not checked: ${result.error}`)
    if (!result.ok) return 'down'
    return result.warning === 'slow' || result.warning === 'certificate-expiring' ? 'degraded' : 'up'
  }
  const checked = chat.monitors.filter(({ kind, isPaused }) => kind !== 'heartbeat' && !isPaused)
  const verdicts: Record<string, Verdict> = Object.fromEntries(
    await Promise.all(
      checked.map(async (monitor, index) => [names.get(monitor.key)!, await verdictOf(monitor, index + 1)] as const),
    ),
  )
  return { verdicts, imported }
}

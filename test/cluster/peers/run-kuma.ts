import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import certificates from '#test/cli/import/peers/certificates.json' with { type: 'json' }
import { kumaMonitors } from '#test/cli/import/peers/kuma-monitors.ts'
import type { Verdict } from '#test/cli/import/peers/vigia-verdicts.ts'
import { until } from '#test/support/until.ts'
import { startUptimeKuma, type UptimeKuma } from '#test/support/uptime-kuma.ts'

/** Kuma's states of a heartbeat: 2 is pending, 3 is maintenance. */
const verdictOfStatus: Readonly<Record<number, Verdict>> = { 0: 'down', 1: 'up', 2: 'down' }

/**
 * Runs Uptime Kuma from its checkout, adds the monitors of kuma-monitors.ts as its own page does, and waits until each
 * was checked. `use` gets the path of Kuma's database, after Kuma has ended, and what Kuma said about each monitor.
 */
export const runKuma = async <T>(
  checkout: string,
  ports: Readonly<Record<string, string>>,
  use: (database: string, verdicts: Record<string, Verdict>) => T | Promise<T>,
): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-kuma-authority-'))
  const authority = join(folder, 'authority.pem')
  await writeFile(authority, certificates.authority)
  try {
    const kuma = await startUptimeKuma(checkout, ports.REFUSED!, { NODE_EXTRA_CA_CERTS: authority })
    try {
      const verdicts = await addMonitors(kuma, ports)
      await kuma.stop()
      return await use(kuma.database, verdicts)
    } finally {
      await kuma.remove()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const addMonitors = async (
  kuma: UptimeKuma,
  ports: Readonly<Record<string, string>>,
): Promise<Record<string, Verdict>> => {
  const statuses = new Map<number, number>()
  kuma.on('heartbeat', ({ monitorID, status }: { monitorID: number; status: number }) =>
    statuses.set(monitorID, status),
  )
  const checked = new Map<number, string>()
  for (const monitor of kumaMonitors(ports)) {
    const { monitorID } = await kuma.ask('add', monitor)
    const isChecked = monitor.active !== false && monitor.type !== 'push' && monitor.type !== 'group'
    if (isChecked) checked.set(monitorID!, monitor.name)
  }
  await addTheRest(kuma)
  await until(() => checked.keys().every(id => statuses.has(id)), {
    what: 'Uptime Kuma to check every monitor',
    timeoutMs: 120_000,
  })
  return Object.fromEntries([...checked].map(([id, name]) => [name, verdictOfStatus[statuses.get(id)!]!]))
}

/** What else a database of Kuma has: a notification, a tag, maintenance and a status page. */
const addTheRest = async ({ ask }: UptimeKuma): Promise<void> => {
  await ask(
    'addNotification',
    { name: 'Ops', type: 'webhook', webhookURL: 'http://127.0.0.1:9/', isDefault: false },
    null,
  )
  const { tag } = await ask('addTag', { name: 'team', color: '#059669' })
  await ask('addMonitorTag', tag!.id, 1, 'shop')
  await ask('addMaintenance', {
    ...{ title: 'Deploy', description: '', strategy: 'cron', active: false, cron: '30 3 * * *', durationMinutes: 60 },
    ...{ timezoneOption: 'UTC', dateRange: [null, null], intervalDay: 1 },
  })
  await ask('addStatusPage', 'Shop', 'shop')
}

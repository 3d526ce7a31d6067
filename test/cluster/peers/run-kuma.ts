import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '#infra/net/free-port.ts'
import certificates from '#test/cli/import/peers/certificates.json' with { type: 'json' }
import { kumaMonitors } from '#test/cli/import/peers/kuma-monitors.ts'
import type { Verdict } from '#test/cli/import/peers/vigia-verdicts.ts'
import { until } from '#test/support/until.ts'
import { supervise } from '../support/supervised-programs.ts'

/** The part of a client of socket.io that is used here. */
interface Socket {
  on(event: string, listener: (...args: never[]) => void): void
  emit(event: string, ...args: unknown[]): void
  close(): void
}

interface Answer {
  ok: boolean
  msg?: string
  monitorID?: number
}

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
  const folder = await mkdtemp(join(tmpdir(), 'vigia-kuma-'))
  const data = await mkdtemp(join(tmpdir(), 'vigia-kuma-data-'))
  const port = String(await freePort())
  const authority = join(folder, 'authority.pem')
  await writeFile(authority, certificates.authority)
  const log = join(folder, 'kuma.log')
  const kuma = await supervise({
    folder,
    programs: [
      {
        file: 'sh',
        args: ['-c', 'cd "$1" && exec "$2" server/server.js', 'sh', checkout, process.execPath],
        log,
        env: {
          ...{ NODE_ENV: 'production', UPTIME_KUMA_HOST: '127.0.0.1', UPTIME_KUMA_PORT: port },
          ...{ UPTIME_KUMA_DB_TYPE: 'sqlite', DATA_DIR: `${data}/`, NODE_EXTRA_CA_CERTS: authority },
          // Kuma asks for its newest version. The request ends at a closed port of this machine.
          ...{ https_proxy: `http://127.0.0.1:${ports.REFUSED}`, no_proxy: 'localhost,127.0.0.1' },
        },
      },
    ],
  })
  try {
    await until(async () => !kuma.running() || (await fetch(`http://127.0.0.1:${port}/setup-database-info`)).ok, {
      what: 'Uptime Kuma to listen',
      timeoutMs: 120_000,
    })
    if (!kuma.running()) throw new Error(`Uptime Kuma ended: ${await readFile(log, 'utf8')}`)
    const verdicts = await addMonitors(checkout, port, ports)
    await kuma.stop()
    return await use(join(data, 'kuma.db'), verdicts)
  } finally {
    await kuma.stop()
    await rm(data, { recursive: true, force: true })
  }
}

const addMonitors = async (
  checkout: string,
  port: string,
  ports: Readonly<Record<string, string>>,
): Promise<Record<string, Verdict>> => {
  const { io } = createRequire(join(checkout, 'package.json'))('socket.io-client') as { io(url: string): Socket }
  const socket = io(`http://127.0.0.1:${port}`)
  const ask: Ask = (event, ...args) =>
    new Promise<Answer>((resolve, reject) =>
      socket.emit(event, ...args, (answer: Answer) =>
        answer.ok ? resolve(answer) : reject(new Error(`Uptime Kuma refused ${event}: ${answer.msg}`)),
      ),
    )
  const statuses = new Map<number, number>()
  socket.on('heartbeat', ({ monitorID, status }: { monitorID: number; status: number }) =>
    statuses.set(monitorID, status),
  )
  try {
    const password = 'Vigia-2026-test'
    await ask('setup', 'ana', password)
    await ask('login', { username: 'ana', password, token: '' })
    const checked = new Map<number, string>()
    for (const monitor of kumaMonitors(ports)) {
      const { monitorID } = await ask('add', monitor)
      const isChecked = monitor.active !== false && monitor.type !== 'push' && monitor.type !== 'group'
      if (isChecked) checked.set(monitorID!, monitor.name)
    }
    await addTheRest(ask)
    await until(() => checked.keys().every(id => statuses.has(id)), {
      what: 'Uptime Kuma to check every monitor',
      timeoutMs: 120_000,
    })
    return Object.fromEntries([...checked].map(([id, name]) => [name, verdictOfStatus[statuses.get(id)!]!]))
  } finally {
    socket.close()
  }
}

type Ask = (event: string, ...args: unknown[]) => Promise<Answer & { tag?: { id: number } }>

/** What else a database of Kuma has: a notification, a tag, maintenance and a status page. */
const addTheRest = async (ask: Ask): Promise<void> => {
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

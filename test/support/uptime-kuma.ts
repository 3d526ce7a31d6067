import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '#infra/net/free-port.ts'
import { supervise } from '#test/cluster/support/supervised-programs.ts'
import { until } from './until.ts'

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
  tag?: { id: number }
}

export type UptimeKuma = Awaited<ReturnType<typeof startUptimeKuma>>

/**
 * Starts Uptime Kuma from its checkout, with sqlite in a folder of its own, and signs in as its own page does. `env`
 * has more variables. Kuma asks for its newest version; the request ends at a closed port of this machine.
 */
export const startUptimeKuma = async (checkout: string, closedPort: string | number, env: Record<string, string>) => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-kuma-'))
  const data = await mkdtemp(join(tmpdir(), 'vigia-kuma-data-'))
  const port = await freePort()
  const log = join(folder, 'kuma.log')
  const program = await supervise({
    folder,
    programs: [
      {
        file: 'sh',
        args: ['-c', 'cd "$1" && exec "$2" server/server.js', 'sh', checkout, process.execPath],
        log,
        env: {
          ...{ NODE_ENV: 'production', UPTIME_KUMA_HOST: '127.0.0.1', UPTIME_KUMA_PORT: String(port) },
          ...{ UPTIME_KUMA_DB_TYPE: 'sqlite', DATA_DIR: `${data}/`, ...env },
          ...{ https_proxy: `http://127.0.0.1:${closedPort}`, no_proxy: 'localhost,127.0.0.1' },
        },
      },
    ],
  })
  let socket: Socket | undefined
  const stop = async () => {
    socket?.close()
    await program.stop()
  }
  try {
    await until(async () => !program.running() || (await fetch(`http://127.0.0.1:${port}/setup-database-info`)).ok, {
      what: 'Uptime Kuma to listen',
      timeoutMs: 120_000,
    })
    if (!program.running()) throw new Error(`Uptime Kuma ended: ${await readFile(log, 'utf8')}`)
    const { io } = createRequire(join(checkout, 'package.json'))('socket.io-client') as { io(url: string): Socket }
    const connected = io(`http://127.0.0.1:${port}`)
    socket = connected
    const ask = (event: string, ...args: unknown[]) =>
      new Promise<Answer>((resolve, reject) =>
        connected.emit(event, ...args, (answer: Answer) =>
          answer.ok ? resolve(answer) : reject(new Error(`Uptime Kuma refused ${event}: ${answer.msg}`)),
        ),
      )
    const password = 'Vigia-2026-test'
    await ask('setup', 'ana', password)
    await ask('login', { username: 'ana', password, token: '' })
    return {
      port,
      pid: program.pids[0]!,
      /** The path of its database. It is whole after the program has ended. */
      database: join(data, 'kuma.db'),
      on: connected.on.bind(connected),
      /** Asks for something as the page does. Rejects if Kuma refuses it. */
      ask,
      stop,
      /** Also removes the database. */
      remove: async () => {
        await stop()
        await rm(data, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await stop()
    await rm(data, { recursive: true, force: true })
    throw error
  }
}

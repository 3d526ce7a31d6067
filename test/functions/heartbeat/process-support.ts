import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Postgres } from '#database/connect.ts'
import { freePort } from '#infra/net/free-port.ts'
import { until } from '#test/support/until.ts'
import { addHeartbeat } from './support.ts'

/** Starts the function as a process of its own. */
export const startHeartbeatProcess = async ({
  databaseUrl,
  sink,
  logLevel = 'info',
  heapMb = 0,
}: {
  databaseUrl: string
  sink: string
  logLevel?: string
  /** The largest heap; by default that of Node.js. */
  heapMb?: number
}) => {
  const port = await freePort()
  const child: ChildProcess = fork(fileURLToPath(new URL('heartbeat.process.ts', import.meta.url)), {
    execArgv: ['--expose-gc', ...(heapMb > 0 ? [`--max-old-space-size=${heapMb}`] : [])],
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: String(port),
      K_SINK: sink,
      DATABASE_URL: databaseUrl,
      LOG_LEVEL: logLevel,
    },
    silent: true,
  })
  const exited = once(child, 'exit')
  let log = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
  await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, { what: 'the function to be ready' })
  return {
    port,
    /** Everything that it wrote to the log and to standard error. */
    log: () => log,
    /** The bytes that it uses after a garbage collection. */
    usedBytes: async (): Promise<number> => {
      child.send('memory')
      const [bytes] = (await once(child, 'message')) as [number]
      return bytes
    },
    /** Ends it as Knative does, and returns its exit code. */
    stop: async (): Promise<number | null> => {
      child.kill('SIGTERM')
      const [code] = (await exited) as [number | null]
      return code
    },
  }
}

export type HeartbeatProcess = Awaited<ReturnType<typeof startHeartbeatProcess>>

/** Adds heartbeats and returns the paths of their pings, in the order of their ids. */
export const addPaths = async (db: Postgres, count: number): Promise<string[]> => {
  const paths: string[] = []
  for (let n = 0; n < count; n++) paths.push(`/ping/${(await addHeartbeat(db, `job-${n}`)).token}`)
  return paths
}

/** The numbers of stored pings, in the order of the ids. */
export const pingCounts = async (db: Postgres): Promise<number[]> =>
  (await db.query<{ pings: number }>('select pings from heartbeat order by monitor_id')).rows.map(({ pings }) => pings)

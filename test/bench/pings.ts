import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Postgres, postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { buildFunctions } from '#infra/delivery/build.ts'
import { freePort } from '#infra/net/free-port.ts'
import { root } from '#infra/repository.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { startSink } from '#test/support/function-server.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import type { Flood, FloodReport } from '#test/support/ping-flood.ts'
import { until } from '#test/support/until.ts'
import type { Bench } from './bench.ts'
import { cpuUs, ownCpuUs, processTree } from './support/processes.ts'

/** The number of pings that are sent in a second: RATE=10000 */
const perSecond = Number(process.env.RATE ?? 10_000)
/** The heartbeats that are pinged in turn: HEARTBEATS=1000 */
const heartbeats = Number(process.env.HEARTBEATS ?? 1_000)
/** The pings on their way at a time; containerConcurrency of the function is 500. */
const connections = Number(process.env.CONNECTIONS ?? 400)
/** The lengths of the floods, in seconds, one after the other: SECONDS=10,50 */
const floods = (process.env.SECONDS ?? '10,50').split(',').map(Number)

const columns = [
  'time',
  'pings/s',
  'answered 200',
  'other answers',
  'stored',
  'lost',
  'CPU µs per ping',
  'PostgreSQL µs',
  'client µs',
  'p50 ms',
  'p99 ms',
  'MB',
]

/**
 * Measures how many pings the function `heartbeat` takes in a second, that it loses none, and the memory that it needs.
 * The client, the function and PostgreSQL share the machine.
 */
export const bench: Bench = {
  title: `pings: ${perSecond} pings a second for ${floods.join(' s, and then for ')} s, to ${heartbeats} heartbeats over ${connections} connections`,
  run: async log => {
    const folder = temporaryFolder()
    const children: ChildProcess[] = []
    const broker = await startSink()
    const server = await startPostgres({ dataDir: folder })
    const db = postgres(server.url)
    try {
      await buildFunctions({ log })
      await migrate(server.url)
      const paths = (await insertHeartbeats(db)).map(token => `/ping/${token}`)
      const port = await freePort()
      const heartbeat = startHeartbeat(port, server.url, broker.url)
      const client = fork(fileURLToPath(new URL('pings.process.ts', import.meta.url)))
      children.push(heartbeat, client)
      await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, {
        what: 'the function to be ready',
      })
      const flood = async (ms: number): Promise<FloodReport> => {
        client.send({ port, paths, connections, perSecond, ms } satisfies Flood)
        const [report] = (await once(client, 'message')) as [FloodReport]
        return report
      }
      const stored = () => pingsOf(db)
      await fetch(`http://127.0.0.1:${port}${paths[0]}`)
      const rows: (string | number)[][] = [['start', ...Array(columns.length - 2).fill(''), memoryMb(heartbeat.pid!)]]
      let seconds = 0
      for (const length of floods) {
        log(`a flood of ${length} s`)
        const cpu = () => [ownCpuUs(heartbeat.pid!), treeCpuUs(server.pid!), ownCpuUs(client.pid!)]
        const [before, cpuBefore] = [await stored(), cpu()]
        const report = await flood(length * 1_000)
        const cpuAfter = cpu()
        const after = await stored()
        const gained = after.map((pings, index) => pings - before[index]!)
        const { 200: accepted = 0, ...others } = report.answers
        seconds += length
        rows.push([
          `${seconds} s`,
          Math.round(report.sent / length),
          accepted,
          JSON.stringify(others),
          sum(gained),
          sum(report.accepted.map((count, index) => Math.max(0, count - gained[index]!))),
          ...cpuAfter.map((us, index) => Math.round((us - cpuBefore[index]!) / report.sent)),
          report.p50Ms,
          report.p99Ms,
          memoryMb(heartbeat.pid!),
        ])
      }
      await setTimeout(10_000)
      rows.push([`${seconds} s, and 10 s of rest`, ...Array(columns.length - 2).fill(''), memoryMb(heartbeat.pid!)])
      return {
        columns,
        rows,
        notes: [
          'goal: 10,000 pings a second; no ping that was answered 200 is lost; flat memory',
          'lost: pings of a heartbeat that were answered 200 and are not stored; a ping that is stored and got no answer is not lost',
          'MB: resident memory of the function',
        ],
      }
    } finally {
      for (const child of children) if (child.kill('SIGKILL')) await once(child, 'exit')
      await db.end()
      await server.stop()
      await broker[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    }
  },
}

const startHeartbeat = (port: number, databaseUrl: string, sink: string): ChildProcess => {
  const child = spawn(process.execPath, [join(root, '.build/functions/heartbeat.mjs')], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
      HOST: '127.0.0.1',
      PORT: String(port),
      K_SINK: sink,
      DATABASE_URL: databaseUrl,
    },
    // A pipe, as a container runtime has for the log.
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout!.resume()
  return child
}

/** Inserts heartbeats that expect a ping a day, and returns their tokens. */
const insertHeartbeats = async (db: Postgres): Promise<string[]> => {
  await db.query('insert into chat (id) values (1)')
  const { rows } = await db.query<{ token: string }>(
    `with added as (
       insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, settings)
       select 1, 'job-' || n, 'heartbeat', 'heartbeat:job-' || n, 86400, 10000, '{}' from generate_series(1, $1::integer) n
       returning id, name
     )
     insert into heartbeat (monitor_id, chat_id, slug) select id, 1, name from added returning token`,
    [heartbeats],
  )
  await db.query('analyze')
  return rows.map(({ token }) => token)
}

/** The numbers of stored pings, in the order of `insertHeartbeats`. */
const pingsOf = async (db: Postgres): Promise<number[]> =>
  (await db.query<{ pings: number }>('select pings from heartbeat order by monitor_id')).rows.map(({ pings }) => pings)

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

const treeCpuUs = (pid: number) => sum(processTree([pid]).map(each => (each === pid ? cpuUs(each) : ownCpuUs(each))))

/** The resident memory of a process. */
const memoryMb = (pid: number): number => {
  const kB = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]
  return Math.round(Number(kB) / 1024)
}

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

/** The number of pings that are offered in a second: RATE=10000 */
const perSecond = Number(process.env.RATE ?? 10_000)
/** The heartbeats that are pinged in turn: HEARTBEATS=1000 */
const heartbeats = Number(process.env.HEARTBEATS ?? 1_000)
/** The connections that take the pings in turn: CONNECTIONS=400 */
const connections = Number(process.env.CONNECTIONS ?? 400)
/** The lengths of the floods, in seconds, one after the other: SECONDS=10,30 */
const floods = (process.env.SECONDS ?? '10,30').split(',').map(Number)
/** The length of the flood of a bare server, in seconds. */
const bareS = 5
/** The part of an additional flood of ten seconds in which PostgreSQL is stopped, in seconds. */
const outageS = { from: 3, to: 6 }

const columns = [
  ...['flood', 'offered/s', 'late ms', 'answered 200/s', 'other answers', 'stored', 'lost'],
  ...['CPU µs per ping', 'PostgreSQL µs', 'client µs', 'p50 ms', 'p99 ms', 'MB', 'most MB'],
]

/**
 * Measures how many pings the function `heartbeat` takes in a second if 10,000 are offered, that it loses none, and the
 * memory that it needs. The client, the function and PostgreSQL share the machine.
 */
export const bench: Bench = {
  title: `pings: ${perSecond} a second for ${floods.join(' s, and then for ')} s, to ${heartbeats} heartbeats over ${connections} connections`,
  run: async log => {
    const folder = temporaryFolder()
    const children: ChildProcess[] = []
    const broker = await startSink()
    let server = await startPostgres({ dataDir: folder })
    const db = postgres(server.url)
    try {
      await buildFunctions({ log })
      await migrate(server.url)
      const paths = (await insertHeartbeats(db)).map(token => `/ping/${token}`)
      const port = await freePort()
      const barePort = await freePort()
      const start = (file: string, env: Record<string, string> = {}) => {
        const child = fork(fileURLToPath(new URL(file, import.meta.url)), { env: { ...process.env, ...env } })
        children.push(child)
        return child
      }
      const heartbeat = startHeartbeat(port, server.url, broker.url)
      children.push(heartbeat)
      const client = start('pings.process.ts')
      const bare = start('bare-server.process.ts', { PORT: String(barePort) })
      for (const each of [port, barePort])
        await until(async () => (await fetch(`http://127.0.0.1:${each}/healthz`)).ok, {
          what: 'the server to be ready',
        })
      await fetch(`http://127.0.0.1:${port}${paths[0]}`)

      const flood = async (name: string, seconds: number, meanwhile = async () => {}) => {
        log(name)
        const memory = watchMemory(heartbeat.pid!)
        const cpu = () => [ownCpuUs(heartbeat.pid!), treeCpuUs(server.pid!), ownCpuUs(client.pid!)]
        const [before, cpuBefore] = [await pingsOf(db), cpu()]
        client.send({ port, paths, connections, perSecond, ms: seconds * 1_000 } satisfies Flood)
        const [reports] = await Promise.all([once(client, 'message'), meanwhile()])
        const report = reports[0] as FloodReport
        const cpuAfter = cpu()
        const gained = (await pingsOf(db)).map((pings, index) => pings - before[index]!)
        return [
          ...answersIn(report, seconds, name),
          sum(gained),
          sum(report.accepted.map((count, index) => Math.max(0, count - gained[index]!))),
          // A server that was started again has used less.
          ...cpuAfter.map((us, index) => Math.max(0, Math.round((us - cpuBefore[index]!) / report.offered))),
          ...[report.p50Ms, report.p99Ms, memoryMb(heartbeat.pid!), memory.most()],
        ]
      }
      const floodBare = async () => {
        log('a bare server')
        const cpu = () => [ownCpuUs(bare.pid!), ownCpuUs(client.pid!)]
        const before = cpu()
        client.send({ port: barePort, paths, connections, perSecond, ms: bareS * 1_000 } satisfies Flood)
        const [report] = (await once(client, 'message')) as [FloodReport]
        const [own, clientUs] = cpu().map((us, index) => Math.round((us - before[index]!) / report.offered))
        return [
          ...answersIn(report, bareS, `a bare node:http server, ${bareS} s`),
          ...['', '', own!, '', clientUs!, report.p50Ms, report.p99Ms, memoryMb(bare.pid!), ''],
        ]
      }

      const rows: (string | number)[][] = [await floodBare()]
      for (const seconds of floods) rows.push(await flood(`heartbeat, ${seconds} s`, seconds))
      rows.push(
        await flood(`10 s, PostgreSQL stopped from second ${outageS.from} to ${outageS.to}`, 10, async () => {
          await setTimeout(outageS.from * 1_000)
          await server.stop()
          await setTimeout((outageS.to - outageS.from) * 1_000)
          server = await startPostgres({ dataDir: folder })
        }),
      )
      await setTimeout(10_000)
      rows.push(['heartbeat after 10 s of rest', ...Array(columns.length - 3).fill(''), memoryMb(heartbeat.pid!), ''])
      return {
        columns,
        rows,
        notes: [
          'goal: no ping that was answered 200 is lost; flat memory; as many of the 10,000 offered as the CPU allows',
          'CPU: per ping that was offered, whatever its answer. A bare server answers 200 and does nothing else',
          'lost: pings of a heartbeat that were answered 200 and are not stored; a ping that is stored and got no answer is not lost',
          'MB: resident memory of the function after the flood, and the most during the flood',
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

const answersIn = ({ offered, lateMs, answers }: FloodReport, seconds: number, name: string) => {
  const { 200: accepted = 0, ...others } = answers
  return [name, Math.round(offered / seconds), lateMs, Math.round(accepted / seconds), JSON.stringify(others)]
}

/** Reads the resident memory of a process ten times a second. */
const watchMemory = (pid: number) => {
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, memoryMb(pid))
  }, 100)
  return {
    most: () => {
      clearInterval(timer)
      return most
    },
  }
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

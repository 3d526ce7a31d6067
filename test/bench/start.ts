import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { root } from '#infra/repository.ts'
import { copyCheckout, removeDataFolder, startVigia, temporaryFolder } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'
import type { Bench } from './bench.ts'

const MIB = 1024 * 1024
const PAGE = 4096
const TICKS_PER_SECOND = 100
const SECOND_RUNS = 5
// A whole minute, so that every tick comes once.
const IDLE_S = 60

const statOf = (pid: number | string) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
/** A process and everything it has started. */
const family = (pid: number): number[] => [
  pid,
  ...readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(statOf(name)?.[1]) === pid)
    .flatMap(name => family(Number(name))),
]
const residentMiB = (pid: number) => Math.round((Number(statOf(pid)?.[21] ?? 0) * PAGE) / MIB)
const cpuMs = (pid: number) => {
  const [user = 0, system = 0] = statOf(pid)?.slice(11, 13).map(Number) ?? []
  return ((user + system) * 1000) / TICKS_PER_SECOND
}

/** What a runtime and everything below it spend in `seconds`; processes that come and go are seen ten times a second. */
const spending = async (pid: number, seconds: number) => {
  const before = new Map(family(pid).map(one => [one, cpuMs(one)]))
  const latest = new Map(before)
  for (let step = 0; step < seconds * 10; step++) {
    await setTimeout(100)
    for (const one of family(pid)) latest.set(one, cpuMs(one))
  }
  const of = (one: number) => latest.get(one)! - (before.get(one) ?? 0)
  return { own: of(pid), all: [...latest.keys()].reduce((sum, one) => sum + of(one), 0) }
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

type Row = [what: string, readyMs: number, runtimeMiB: number, processes: number]

const startOnce = async (dataDir: string): Promise<Row> => {
  const began = performance.now()
  const vigia = await startVigia({ dataDir })
  const readyMs = Math.round(performance.now() - began)
  // What the start has left behind in memory is there a moment later.
  await setTimeout(1_000)
  const row: Row = ['', readyMs, residentMiB(vigia.pid), family(vigia.pid).length]
  await vigia.stop()
  return row
}

/** From `npm start` in a fresh clone, nothing built and no data, to the bot's first answer in the chat. */
const firstAnswerMs = async (from: string): Promise<number> => {
  const folder = temporaryFolder()
  try {
    const checkout = join(folder, 'checkout')
    copyCheckout(checkout, from)
    const began = performance.now()
    const vigia = await startVigia({ checkout, dataDir: join(folder, 'data') })
    await vigia.api('/chat/api/send', { method: 'POST', body: JSON.stringify({ pane: 'main', text: '/start' }) })
    await until(async () => /\/monitor/.test(JSON.stringify(await vigia.api('/chat/api/state'))), { timeoutMs: 60_000 })
    const ms = Math.round(performance.now() - began)
    await vigia.stop()
    return ms
  } finally {
    await removeDataFolder(folder)
  }
}

const FIRST_RUNS = 3

const bareServer = async (): Promise<Row> => {
  const began = performance.now()
  const program = `require('node:http').createServer((q, s) => s.end()).listen(0, '127.0.0.1', () => process.stdout.write('up'))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise(resolve => child.stdout.once('data', resolve))
  const readyMs = Math.round(performance.now() - began)
  const row: Row = ['a bare node:http server, for comparison', readyMs, residentMiB(child.pid!), 1]
  child.kill()
  return row
}

/** How long `npm start` takes to its banner, what the runtime weighs, and what it costs when nobody wants anything. */
export const bench: Bench = {
  title: 'npm start: spawn to ready, and the runtime at rest',
  run: async log => {
    const dataDir = temporaryFolder()
    try {
      const clones = [root, ...(process.env.BASE ? [process.env.BASE] : [])]
      const answers = clones.map((): number[] => [])
      for (let run = 1; run <= FIRST_RUNS; run++)
        for (const [at, clone] of clones.entries()) {
          log(`fresh clone ${run} of ${FIRST_RUNS}: ${clone}`)
          answers[at]!.push(await firstAnswerMs(clone))
        }
      log('first start on an empty data folder')
      const first = await startOnce(dataDir)
      const later: Row[] = []
      for (let run = 1; run <= SECOND_RUNS; run++) {
        log(`later start ${run} of ${SECOND_RUNS}`)
        later.push(await startOnce(dataDir))
      }
      log('a start after kill -9')
      const killed = await startVigia({ dataDir })
      await killed.kill9()
      const after = await startOnce(dataDir)

      log(`${IDLE_S} s without anything to do`)
      const vigia = await startVigia({ dataDir })
      await until(async () => (await vigia.report('probe-scheduler')).state === 'ready')
      const spent = await spending(vigia.pid, IDLE_S)
      const weight = residentMiB(vigia.pid)
      await vigia.stop()

      const rows: Row[] = [
        ['first start', first[1], first[2], first[3]],
        [
          `later starts, median of ${SECOND_RUNS} (wanted: 5,000 ms, 150 MiB)`,
          median(later.map(([, ms]) => ms)),
          Math.max(...later.map(([, , mib]) => mib)),
          later[0]![3],
        ],
        ['after kill -9', after[1], after[2], after[3]],
        await bareServer(),
      ]
      return {
        columns: ['start', 'ready ms', 'runtime MiB', 'processes'],
        rows,
        notes: [
          ...clones.map(
            (clone, at) =>
              `fresh clone to the first answer in the chat, ${clone}: median ${median(answers[at]!)} ms of ${answers[at]!.join(', ')} (BASE=<another checkout> measures it in the same run)`,
          ),
          `a minute without monitors and people: ${spent.own} ms CPU for the runtime, ${spent.all} ms with databases and ticks; the runtime weighs ${weight} MiB after it`,
        ],
      }
    } finally {
      await removeDataFolder(dataDir)
    }
  },
}

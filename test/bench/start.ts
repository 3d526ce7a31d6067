import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { root } from '#infra/repository.ts'
import { copyCheckout, removeDataFolder, startVigia, temporaryFolder } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'
import type { Bench } from './bench.ts'
import { ownCpuUs, processTree, statOf } from './support/processes.ts'

const mib = 1024 * 1024
const pageBytes = 4096
const freshCloneRuns = 3
const laterRuns = 5
// A whole minute, so that each PingSource that ticks every minute ticks once.
const idleS = 60

const residentMiB = (pid: number) => Math.round((Number(statOf(pid)?.[21] ?? 0) * pageBytes) / mib)
const cpuMs = (pid: number) => ownCpuUs(pid) / 1000

/**
 * The CPU milliseconds that a runtime and its process tree use within `seconds`. The processes are read ten times a
 * second, to include short-lived ones.
 */
const cpuUsed = async (pid: number, seconds: number) => {
  const before = new Map(processTree([pid]).map(one => [one, cpuMs(one)]))
  const latest = new Map(before)
  for (let step = 0; step < seconds * 10; step++) {
    await setTimeout(100)
    for (const one of processTree([pid])) latest.set(one, cpuMs(one))
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
  // Memory is measured a second later, when the start has settled.
  await setTimeout(1_000)
  const row: Row = ['', readyMs, residentMiB(vigia.pid), processTree([vigia.pid]).length]
  await vigia.stop()
  return row
}

/** Milliseconds from `npm start` in a fresh clone, which has no build and no data, to the bot's first reply. */
const firstReplyMs = async (from: string): Promise<number> => {
  const folder = temporaryFolder()
  try {
    const checkout = join(folder, 'checkout')
    copyCheckout(checkout, { from })
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

/**
 * Measures the time until `npm start` is ready, the memory of the runtime, and the CPU time of the runtime without
 * work.
 */
export const bench: Bench = {
  title: 'npm start: time until ready, memory, and CPU time without work',
  run: async log => {
    const dataDir = temporaryFolder()
    try {
      const clones = [root, ...(process.env.BASE ? [process.env.BASE] : [])]
      const replyTimes = clones.map((): number[] => [])
      for (let run = 1; run <= freshCloneRuns; run++)
        for (const [at, clone] of clones.entries()) {
          log(`fresh clone ${run} of ${freshCloneRuns}: ${clone}`)
          replyTimes[at]!.push(await firstReplyMs(clone))
        }
      log('first start on an empty data folder')
      const first = await startOnce(dataDir)
      const later: Row[] = []
      for (let run = 1; run <= laterRuns; run++) {
        log(`later start ${run} of ${laterRuns}`)
        later.push(await startOnce(dataDir))
      }
      log('a start after kill -9')
      const killed = await startVigia({ dataDir })
      await killed.kill9()
      const after = await startOnce(dataDir)

      log(`${idleS} s without work`)
      const vigia = await startVigia({ dataDir })
      await until(async () => (await vigia.report('probe-scheduler')).state === 'ready')
      const spent = await cpuUsed(vigia.pid, idleS)
      const memoryMiB = residentMiB(vigia.pid)
      await vigia.stop()

      const rows: Row[] = [
        ['first start', first[1], first[2], first[3]],
        [
          `later starts, median of ${laterRuns} (goal: 5,000 ms, 150 MiB)`,
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
              `fresh clone to the first reply in the chat, ${clone}: median ${median(replyTimes[at]!)} ms of ${replyTimes[at]!.join(', ')} (BASE=<another checkout> measures that checkout in the same run)`,
          ),
          `a minute without monitors and users: ${spent.own} ms of CPU time for the runtime alone, ${spent.all} ms with databases and functions; afterwards the runtime uses ${memoryMiB} MiB`,
        ],
      }
    } finally {
      await removeDataFolder(dataDir)
    }
  },
}

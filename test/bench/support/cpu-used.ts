import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { cpuUs, processTree } from './processes.ts'

/**
 * CPU time (user and system) of these processes and their descendants over `seconds`: the sum, PostgreSQL's part, and
 * microseconds per second by process name.
 */
export const cpuUsed = async (roots: () => number[], database: number, seconds: number) => {
  const before = cpuByProcess(roots())
  const inDatabase = new Set(processTree([database]))
  await setTimeout(seconds * 1_000)
  const after = cpuByProcess(roots())
  for (const pid of processTree([database])) inDatabase.add(pid)
  const by = new Map<string, number>()
  let us = 0
  let databaseUs = 0
  const count = (pid: number, own: number) => {
    us += own
    if (inDatabase.has(pid)) databaseUs += own
    const name = inDatabase.has(pid) ? 'postgres' : nameOf(pid)
    by.set(name, (by.get(name) ?? 0) + own / seconds)
  }
  for (const [pid, cpu] of after) count(pid, cpu - (before.get(pid) ?? 0))
  // When a process ends, its parent's CPU time grows by all that the process used. What the process used before the
  // measurement is subtracted.
  for (const [pid, cpu] of before) if (!after.has(pid)) count(pid, -cpu)
  const shares = [...by].toSorted(([, a], [, b]) => b - a).map(([name, share]) => `${name} ${Math.round(share)}`)
  return { us: Math.round(us), databaseUs: Math.round(databaseUs), mb: memoryOf(roots()), shares: shares.join(', ') }
}

/** The name of a process: its script without folder and extension, or its program. */
const nameOf = (pid: number): string => {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const file = words.find(word => /\.(mjs|ts)$/.test(word)) ?? words[0] ?? ''
    return file
      .split('/')
      .at(-1)!
      .replace(/\.(mjs|ts)$/, '')
  } catch {
    return 'ended'
  }
}

const cpuByProcess = (roots: number[]): Map<number, number> => new Map(processTree(roots).map(pid => [pid, cpuUs(pid)]))

const memoryOf = (roots: number[]): number => {
  const kilobytes = processTree(roots).map(pid => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    } catch {
      return 0
    }
  })
  return Math.round(kilobytes.reduce((sum, kb) => sum + kb, 0) / 1024)
}

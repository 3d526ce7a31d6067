import { readdirSync, readFileSync } from 'node:fs'

// The benchmarks read here what Linux reports about processes in /proc.

/** The number of clock ticks per second in /proc. */
const ticksPerSecond = 100

/**
 * The fields of /proc/PID/stat after the name (a name may contain spaces and parentheses): [0] is the state, [1] the
 * parent. Null for a process that has ended.
 */
export const statOf = (pid: number | string): string[] | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

/** The processes `roots` and all their descendants. */
export const processTree = (roots: readonly number[]): number[] => {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = Number(statOf(name)?.[1])
    if (parent) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const all = new Set(roots)
  for (const pid of all) for (const child of children.get(pid) ?? []) all.add(child)
  return [...all]
}

const sumOfFields = (pid: number, fields: readonly number[]): number => {
  const stat = statOf(pid)
  return stat === null ? 0 : fields.reduce((sum, field) => sum + Number(stat[field]), 0)
}

/** CPU time of a process in clock ticks, user and system, with its children that have ended. */
export const cpuTicks = (pid: number): number => sumOfFields(pid, [11, 12, 13, 14])

/** CPU time of a process in microseconds, user and system, with its children that have ended. */
export const cpuUs = (pid: number): number => (cpuTicks(pid) * 1_000_000) / ticksPerSecond

/** CPU time of a process in microseconds, user and system, without its children. */
export const ownCpuUs = (pid: number): number => (sumOfFields(pid, [11, 12]) * 1_000_000) / ticksPerSecond

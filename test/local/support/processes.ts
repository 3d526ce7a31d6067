import { readdirSync, readFileSync } from 'node:fs'
import { commandOf } from '#local/databases/processes.ts'

/** Whether the process has ended. */
export const isGone = async (pid: number) => (await commandOf(pid)) === null

/** The descendants of a process: its child processes, their child processes, and so on. */
export const descendants = (pid: number): number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(name => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
      } catch {
        return false
      }
    })
    .flatMap(name => [Number(name), ...descendants(Number(name))])

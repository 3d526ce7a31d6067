import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

/**
 * The command line of a living process; null if the process does not run. A zombie does not count as running: in many
 * containers process 1 does not reap its children, and `kill(pid, 0)` reports a zombie as alive for ever. On Windows
 * the command line of a living process is ''.
 */
export const commandOf = async (pid: number): Promise<string | null> => {
  if (!Number.isInteger(pid) || pid <= 0) return null
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const state = stat.slice(stat.lastIndexOf(')') + 2)[0]
    if (state === undefined || state === 'Z' || state === 'X') return null
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
  }
  if (process.platform === 'win32') return exists(pid) ? '' : null
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'state=,command=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  const [, state, command] = /^\s*(\S+)\s+(.*)/.exec(stdout) ?? []
  return state === undefined || state.startsWith('Z') ? null : (command ?? '')
}

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A signal that asks a process to end, and how long to wait before the next one. */
export interface StopSignal {
  signal: NodeJS.Signals
  waitMs: number
}

/**
 * Sends the signals one after the other until the process is gone. Throws if the process still runs after the last
 * signal.
 */
export const endProcess = async (pid: number, signals: readonly StopSignal[]): Promise<void> => {
  for (const { signal, waitMs } of signals) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
      throw error
    }
    const end = performance.now() + waitMs
    while (performance.now() < end) {
      if ((await commandOf(pid)) === null) return
      await setTimeout(10)
    }
  }
  throw new Error(`process ${pid} does not end; end it by hand`)
}

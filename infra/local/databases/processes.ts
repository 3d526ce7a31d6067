import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

/**
 * The command line of a living process, or null. A zombie counts as dead: where process 1 reaps nobody, as in many containers,
 * `kill(pid, 0)` calls it alive for ever. On Windows the command line of the living is ''.
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

/** One way to ask a process to end, and how long to wait before the next. */
export interface Ending {
  signal: NodeJS.Signals
  patienceMs: number
}

/** Sends the signals one after the other until the process is gone; throws when the last did not help either. */
export const endProcess = async (pid: number, endings: readonly Ending[]): Promise<void> => {
  for (const { signal, patienceMs } of endings) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
      throw error
    }
    const end = performance.now() + patienceMs
    while (performance.now() < end) {
      if ((await commandOf(pid)) === null) return
      await setTimeout(10)
    }
  }
  throw new Error(`process ${pid} does not end`)
}

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { commandOf } from '../databases/processes.ts'
import { killGroup } from './function-process.ts'

/**
 * Records the pids of function processes in the data folder, so that the next start of Vigia can end these processes if
 * this runtime is killed.
 */
export interface ProcessJournal {
  remember(pid: number, command: readonly string[]): void
  forget(pid: number): void
  /** Ends the processes that an earlier runtime left behind; resolves with their number. */
  endOrphans(): Promise<number>
}

interface Entry {
  command: string
  /** When the process started, in clock ticks of the kernel; null if the time cannot be read. */
  startedAt: string | null
}

/** How long an orphan may take to end after SIGTERM. */
const sigtermWaitMs = 1_000

/**
 * Keeps one small file in `folder` for each process. The file is written synchronously, because the runtime may be
 * killed at any moment. The file is not flushed to the disk, because a flush would slow down every cold start. Without
 * a flush only a power cut can damage the file, and no process survives a power cut.
 */
export const processJournal = (folder: string): ProcessJournal => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const fileOf = (pid: number) => join(folder, `${pid}.json`)
  return {
    remember: (pid, command) => {
      const entry: Entry = { command: command.join(' '), startedAt: startOf(pid) }
      writeFileSync(fileOf(pid), JSON.stringify(entry))
    },
    forget: pid => rmSync(fileOf(pid), { force: true }),
    endOrphans: async () => {
      const pids = readdirSync(folder).flatMap(name => Number(/^(\d+)\.json$/.exec(name)?.[1]) || [])
      const ended = await Promise.all(
        pids.map(async pid => {
          const orphan = await isRecordedProcess(pid, fileOf(pid))
          if (orphan) await endOrphan(pid, fileOf(pid))
          rmSync(fileOf(pid), { force: true })
          return orphan
        }),
      )
      return ended.filter(Boolean).length
    },
  }
}

/**
 * Whether the process that `file` records is still running. Command and start time are compared too, because the pid
 * may belong to another program by now. For a damaged file the result is false.
 */
const isRecordedProcess = async (pid: number, file: string): Promise<boolean> => {
  const entry = entryIn(await readFile(file, 'utf8').catch(() => ''))
  const running = (await commandOf(pid))?.trim()
  return running !== undefined && running === entry?.command && startOf(pid) === entry.startedAt
}

const entryIn = (text: string): Partial<Entry> | null => {
  try {
    return JSON.parse(text) as Partial<Entry> | null
  } catch {
    return null
  }
}

const endOrphan = async (pid: number, file: string) => {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    return
  }
  const end = performance.now() + sigtermWaitMs
  while (performance.now() < end) {
    if (!(await isRecordedProcess(pid, file))) return
    await setTimeout(10)
  }
  killGroup(pid)
}

/** The start time of a process: field 22 of /proc/<pid>/stat. */
const startOf = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

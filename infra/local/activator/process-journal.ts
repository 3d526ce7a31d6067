import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { commandOf } from '../databases/processes.ts'
import { killGroup } from './function-process.ts'

/** The pids of our children, in the data folder, for the case that we are killed and cannot end them ourselves. */
export interface ProcessJournal {
  remember(pid: number, command: readonly string[]): void
  forget(pid: number): void
  /** Ends what an earlier runtime left behind; resolves with how many that were. */
  endOrphans(): Promise<number>
}

interface Entry {
  command: string
  /** When the process started, in the kernel's own clock ticks; null where that cannot be read. */
  startedAt: string | null
}

const PATIENCE_MS = 1_000

/**
 * One small file a process in `<folder>`, written at once: we may be killed in the next instant. It does not wait for the disk, which
 * every cold start would pay for: no process outlives the power cut that could damage the file.
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
          const orphan = await isStill(pid, fileOf(pid))
          if (orphan) await endOrphan(pid, fileOf(pid))
          rmSync(fileOf(pid), { force: true })
          return orphan
        }),
      )
      return ended.filter(Boolean).length
    },
  }
}

/** A pid alone says nothing: after a restart of the machine it may be anybody's. A file that was cut short names no process. */
const isStill = async (pid: number, file: string): Promise<boolean> => {
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
  const end = performance.now() + PATIENCE_MS
  while (performance.now() < end) {
    if (!(await isStill(pid, file))) return
    await setTimeout(10)
  }
  killGroup(pid)
}

/** Field 22 of /proc/<pid>/stat. */
const startOf = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

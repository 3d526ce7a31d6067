import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { commandOf } from './databases/processes.ts'
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

/** One small file a process in `<folder>`, written at once: we may be killed in the next instant. */
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
      const pids = readdirSync(folder).map(name => Number(name.replace('.json', '')))
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

/** A pid alone says nothing: after a restart of the machine it may be anybody's. */
const isStill = async (pid: number, file: string): Promise<boolean> => {
  const text = await readFile(file, 'utf8').catch(() => '')
  // A file cut short by our own end names nobody.
  if (!text.endsWith('}')) return false
  const { command, startedAt } = JSON.parse(text) as Entry
  const running = (await commandOf(pid))?.trim()
  return running === command && startOf(pid) === startedAt
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

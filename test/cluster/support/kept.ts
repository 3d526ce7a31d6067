import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What a keeper runs, and the folder that goes with it. */
export interface Kept {
  /** Removed once all have ended. */
  folder: string
  programs: { file: string; args: string[]; log: string; env?: Record<string, string> }[]
}

/** Runs programs that end when this process does, however that comes about. */
export const keep = async (kept: Kept) => {
  const keeper = spawn(
    process.execPath,
    [join(import.meta.dirname, 'keeper.process.ts'), JSON.stringify(kept)],
    // A group of its own: the terminal's Ctrl+C reaches the tests, and they end it.
    { stdio: ['pipe', 'pipe', 'inherit'], detached: true },
  )
  const gone = once(keeper, 'exit')
  const [line] = await Promise.race([
    once(keeper.stdout, 'data'),
    gone.then(() => {
      throw new Error('the programs could not be started')
    }),
  ])
  return {
    pids: JSON.parse(String(line)) as number[],
    /** Whether all of them run. */
    running: () => keeper.exitCode === null,
    stop: async () => {
      keeper.stdin.end()
      await gone
    },
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** The programs that a supervisor process runs, and their folder. */
export interface SupervisedPrograms {
  /** It is removed after all programs have ended. */
  folder: string
  programs: { file: string; args: string[]; log: string; env?: Record<string, string> }[]
}

/** Runs programs under a supervisor, which stops them when this process ends for any reason. */
export const supervise = async (supervised: SupervisedPrograms) => {
  const supervisor = spawn(
    process.execPath,
    [join(import.meta.dirname, 'supervisor.process.ts'), JSON.stringify(supervised)],
    // Its own process group: the terminal's Ctrl+C reaches only the tests, and their end stops the supervisor.
    { stdio: ['pipe', 'pipe', 'inherit'], detached: true },
  )
  const exited = once(supervisor, 'exit')
  const [line] = await Promise.race([
    once(supervisor.stdout, 'data'),
    exited.then(() => {
      throw new Error('the programs could not be started')
    }),
  ])
  return {
    pids: JSON.parse(String(line)) as number[],
    /** Whether all programs run. */
    running: () => supervisor.exitCode === null,
    stop: async () => {
      supervisor.stdin.end()
      await exited
    },
  }
}

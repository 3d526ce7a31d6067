import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Why the workflow engines of npm and PyPI are not installed, or undefined. They are large (n8n 2.8 GB, Airflow 0.3
 * GB), so their tests run only where VIGIA_WORKFLOW_ENGINES=1 asks for them, as the nightly workflow does.
 */
export const enginesSkipReason =
  process.env.VIGIA_WORKFLOW_ENGINES === '1'
    ? undefined
    : 'set VIGIA_WORKFLOW_ENGINES=1 to install it and run this test'

/** How long one command of an engine may take on a busy machine. */
export const timeoutMs = 600_000

/** Starts a program with this whole environment. It is killed after `timeoutMs`. */
export const startProgram = (
  file: string,
  args: string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
) => {
  const child = spawn(file, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return {
    output: () => output,
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    /** Resolves with the exit code, or null after a signal, and with both outputs. */
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })),
    kill: () => child.kill('SIGKILL'),
  }
}

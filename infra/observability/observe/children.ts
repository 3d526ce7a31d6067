import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Program {
  name: string
  command: string
  args: readonly string[]
  env?: Record<string, string>
}

/** How long a program may take to end after SIGTERM, before it gets SIGKILL. */
const graceMs = 10_000

/**
 * Runs programs until one of them ends or `signal` aborts, and then ends the others. Resolves with null after an abort,
 * or with one line about the program that ended by itself.
 */
export const runTogether = async (programs: readonly Program[], signal: AbortSignal): Promise<string | null> => {
  const children = programs.map(program => startProgram(program))
  const first = await Promise.race([...children.map(({ ended }) => ended), aborted(signal)])
  await Promise.all(children.map(({ child, ended }) => stop(child, ended)))
  return first
}

const startProgram = ({ name, command, args, env }: Program) => {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let lastLine = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      lastLine = text.trim().split('\n').at(-1) || lastLine
    })
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(`${name} did not start: ${error.message}`))
    child.once('close', (code, signal) => resolve(`${name} ended with ${signal ?? `exit code ${code}`}: ${lastLine}`))
  })
  return { child, ended }
}

const stop = async (child: ChildProcess, ended: Promise<unknown>): Promise<void> => {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await ended
  clearTimeout(timer)
}

const aborted = async (signal: AbortSignal): Promise<null> => {
  if (!signal.aborted) await once(signal, 'abort')
  return null
}

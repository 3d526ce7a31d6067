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

/** What a program prints while it cannot write its data. */
const unwritable = /no space left on device|read-only file system/i

/**
 * Runs programs until one of them ends or `signal` aborts, and then ends the others. Resolves with null after an
 * abort, or with one line about the program that ended by itself. `warn` gets one line about each program that goes on
 * although it cannot write its data.
 */
export const runTogether = async (
  programs: readonly Program[],
  signal: AbortSignal,
  warn: (line: string) => void = () => {},
): Promise<string | null> => {
  const children = programs.map(program => startProgram(program, warn))
  const first = await Promise.race([...children.map(({ ended }) => ended), aborted(signal)])
  await Promise.all(children.map(({ child, ended }) => stop(child, ended)))
  return first
}

const startProgram = ({ name, command, args, env }: Program, warn: (line: string) => void) => {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let lastLine = ''
  let hasWarned = false
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      lastLine = text.trim().split('\n').at(-1) || lastLine
      const [reason] = unwritable.exec(text) ?? []
      if (reason === undefined || hasWarned) return
      hasWarned = true
      warn(`${name} goes on, but it cannot write its data: ${reason.toLowerCase()}`)
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

/**
 * Runs the programs of its argument and writes their pids as a line of JSON. When its standard input ends, because its
 * parent is done or dead, it kills the programs and removes their folder. When a program ends by itself, it kills the
 * others and keeps the folder with the logs.
 */
import { spawn } from 'node:child_process'
import { openSync, rmSync } from 'node:fs'
import type { SupervisedPrograms } from './supervised-programs.ts'

const { folder, programs } = JSON.parse(process.argv[2]!) as SupervisedPrograms
const children = programs.map(({ file, args, log, env = {} }) => {
  const output = openSync(log, 'a')
  return spawn(file, args, { cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', output, output] })
})
const exits = children.map(child => new Promise(resolve => child.once('exit', resolve).once('error', resolve)))

let ending = false
const end = async (code: number) => {
  if (ending) return
  ending = true
  // SIGKILL, because the data is not needed and an API server takes long to stop after SIGTERM.
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(exits)
  if (code === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.exit(code)
}

for (const exit of exits) exit.then(() => end(1))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(0))
process.stdin.resume().once('end', () => end(0))
process.stdout.write(`${JSON.stringify(children.map(({ pid }) => pid))}\n`)

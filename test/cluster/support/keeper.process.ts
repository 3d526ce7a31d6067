/**
 * Runs the programs named in its one argument, tells their pids in one line of JSON, and ends them when its input does: that is when
 * whoever started it is done, or dead. Then it removes their folder. When one of them ends by itself it ends the others and leaves
 * the folder, which tells why.
 */
import { spawn } from 'node:child_process'
import { openSync, rmSync } from 'node:fs'
import type { Kept } from './kept.ts'

const { folder, programs } = JSON.parse(process.argv[2]!) as Kept
const children = programs.map(({ file, args, log, env = {} }) => {
  const output = openSync(log, 'a')
  return spawn(file, args, { cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', output, output] })
})
const gone = children.map(child => new Promise(resolve => child.once('exit', resolve).once('error', resolve)))

let ending = false
const end = async (code: number) => {
  if (ending) return
  ending = true
  // What they keep is worth nothing, and politely an API server takes its time.
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(gone)
  if (code === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.exit(code)
}

for (const one of gone) one.then(() => end(1))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(0))
process.stdin.resume().once('end', () => end(0))
process.stdout.write(`${JSON.stringify(children.map(({ pid }) => pid))}\n`)

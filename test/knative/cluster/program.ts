import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { inCluster } from './layout.ts'

/**
 * Starts a program of the cluster in the background. Its output is in logs/<name>.log of the cluster's folder, its pid
 * in pids/<name>. It ends with the cluster's PID namespace.
 */
export const startProgram = async (
  name: string,
  file: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<void> => {
  for (const folder of ['logs', 'pids']) await mkdir(inCluster(folder), { recursive: true })
  const output = openSync(logOf(name), 'a')
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', output, output],
    detached: true,
  })
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  child.unref()
  await writeFile(inCluster('pids', name), String(child.pid))
}

/** The path of a program's log. */
export const logOf = (name: string): string => inCluster('logs', `${name}.log`)

/** The pid of a program of the cluster. */
export const pidOf = async (name: string): Promise<number> => Number(await readFile(inCluster('pids', name), 'utf8'))

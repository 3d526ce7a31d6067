import { spawn } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
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
  await prefer(child.pid!)
  await writeFile(inCluster('pids', name), String(child.pid))
}

/**
 * Gives a program more CPU time than the other programs of a busy machine get. The pods have it by the weight of their
 * cgroup, and a node that is slower than its pods adds the rules of new pods to its firewall only after their timeouts.
 */
const prefer = async (pid: number): Promise<void> => {
  const priority = -10
  setPriority(pid, priority)
  // With this feature the kernel compares sessions first, and each program has a session of its own.
  const autogroup = `/proc/${pid}/autogroup`
  if (existsSync(autogroup)) await writeFile(autogroup, String(priority))
}

/** The path of a program's log. */
export const logOf = (name: string): string => inCluster('logs', `${name}.log`)

/** The pid of a program of the cluster. */
export const pidOf = async (name: string): Promise<number> => Number(await readFile(inCluster('pids', name), 'utf8'))

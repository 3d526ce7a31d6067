import { existsSync } from 'node:fs'
import { glob, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { until } from '#test/support/until.ts'

const mountPoint = '/sys/fs/cgroup'
/** In version 1 every controller has a tree of its own; in version 2 there is one tree. */
const isVersion2 = existsSync(join(mountPoint, 'cgroup.controllers'))

/**
 * On a busy machine the kernel gives a cgroup with the default weight as much CPU time as one process outside. With
 * this weight, all pods together get as much as 32 processes.
 */
const cpuWeight = isVersion2 ? (['cpu.weight', '3200'] as const) : (['cpu.shares', '32768'] as const)

const trees = async (): Promise<string[]> => {
  if (isVersion2) return [mountPoint]
  const entries = await readdir(mountPoint, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => join(mountPoint, name))
}

/** Makes an empty cgroup in every tree. The kubelet makes the cgroups of its pods below it. */
export const makeCgroup = async (name: string): Promise<void> => {
  const [weightFile, weight] = cpuWeight
  for (const tree of await trees()) {
    await mkdir(join(tree, name))
    if (existsSync(join(tree, name, weightFile))) await writeFile(join(tree, name, weightFile), weight)
    // A cpuset without CPUs and memory nodes accepts no process.
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (!isVersion2 && existsSync(join(tree, file)))
        await writeFile(join(tree, name, file), await readFile(join(tree, file)))
  }
}

/** The names of the cgroups at the top that start with `prefix`. */
export const cgroupsNamed = async (prefix: string): Promise<string[]> => {
  const names = await Promise.all((await trees()).map(tree => readdir(tree)))
  return [...new Set(names.flat().filter(name => name.startsWith(prefix)))]
}

/** Removes a cgroup with all cgroups below it. Their processes must have ended, or end soon. */
export const removeCgroup = async (name: string): Promise<void> => {
  for (const tree of await trees())
    await until(() => removeTree(join(tree, name)), { what: `the cgroup ${name} without processes` })
}

const removeTree = async (folder: string): Promise<true> => {
  if (!existsSync(folder)) return true
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  await rmdir(folder)
  return true
}

/** What processes use. */
export interface Usage {
  /** CPU time so far, milliseconds. */
  cpuMs: number
  /** Memory without the files that the kernel can drop, bytes. */
  memoryBytes: number
}

/** What the processes of a cgroup and of all cgroups below it use. CPU time includes processes that have ended. */
const usageOf = async (cgroup: string): Promise<Usage> => {
  const read = async (controller: string, file: string) =>
    await readFile(join(mountPoint, isVersion2 ? '' : controller, cgroup, file), 'utf8')
  const field = (text: string, name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)![1])
  const memory = await read('memory', 'memory.stat')
  return isVersion2
    ? {
        cpuMs: field(await read('cpu', 'cpu.stat'), 'usage_usec') / 1e3,
        memoryBytes: Number(await read('memory', 'memory.current')) - field(memory, 'inactive_file'),
      }
    : {
        cpuMs: Number(await read('cpuacct', 'cpuacct.usage')) / 1e6,
        memoryBytes: Number(await read('memory', 'memory.usage_in_bytes')) - field(memory, 'total_inactive_file'),
      }
}

/**
 * The usage of all pods together and of each pod; the keys of `byPod` are the pods' uids. `cgroup` is the one that the
 * kubelet was given.
 */
export const podUsage = async (cgroup: string): Promise<{ all: Usage; byPod: ReadonlyMap<string, Usage> }> => {
  const cwd = join(mountPoint, isVersion2 ? '' : 'memory')
  const byPod = new Map<string, Usage>()
  for await (const folder of glob(`${cgroup}/kubepods/{,*/}pod*`, { cwd })) {
    // The pod can be gone between the two calls.
    const usage = await usageOf(folder).catch(() => null)
    if (usage) byPod.set(basename(folder).slice('pod'.length), usage)
  }
  return { all: await usageOf(join(cgroup, 'kubepods')), byPod }
}

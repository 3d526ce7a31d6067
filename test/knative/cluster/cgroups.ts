import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '#test/support/until.ts'

const mountPoint = '/sys/fs/cgroup'
/** In version 1 every controller has a tree of its own; in version 2 there is one tree. */
const isVersion2 = existsSync(join(mountPoint, 'cgroup.controllers'))

const trees = async (): Promise<string[]> => {
  if (isVersion2) return [mountPoint]
  const entries = await readdir(mountPoint, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => join(mountPoint, name))
}

/** Makes an empty cgroup in every tree. The kubelet makes the cgroups of its pods below it. */
export const makeCgroup = async (name: string): Promise<void> => {
  for (const tree of await trees()) {
    await mkdir(join(tree, name))
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

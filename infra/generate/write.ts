import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeFileAtomic } from '#infra/files/atomic-write.ts'
import type { Generator } from './generator.ts'

/**
 * The paths of generated files that have other content than the generators make, are missing, or are not generated any
 * more.
 */
export const outdated = async (generators: readonly Generator[], root: string): Promise<string[]> => {
  const changes = await Promise.all(generators.map(generator => changesOf(generator, root)))
  return changes.flatMap(files => [...files.keys()]).toSorted()
}

/** Brings generated files up to date, one generator after the other. Returns the paths that were out of date. */
export const write = async (generators: readonly Generator[], root: string): Promise<string[]> => {
  const paths: string[] = []
  for (const generator of generators)
    for (const [path, text] of await changesOf(generator, root)) {
      paths.push(path)
      const file = join(root, path)
      if (text === null) await rm(file)
      else {
        await mkdir(dirname(file), { recursive: true })
        await writeFileAtomic(file, text, path.endsWith('.sh') ? 0o755 : 0o644)
      }
    }
  return paths
}

/** The changes to make: the new content by path; null for a file that is not generated any more. */
const changesOf = async ({ files, present }: Generator, root: string): Promise<Map<string, string | null>> => {
  const wanted = await files(root)
  const changes = new Map<string, string | null>()
  for (const [path, text] of wanted) if ((await read(join(root, path))) !== text) changes.set(path, text)
  for (const path of (await present?.(root)) ?? []) if (!wanted.has(path)) changes.set(path, null)
  return changes
}

const read = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

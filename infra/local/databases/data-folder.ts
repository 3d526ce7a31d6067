import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { chown, mkdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Account, nameOf } from './account.ts'

/** Another living process holds the folder. */
export class FolderInUse extends Error {
  override name = 'FolderInUse'
}

const holds = new Map<string, { lock: DatabaseSync; count: number }>()

/**
 * Takes the folder for this process, creating it where it is missing; throws FolderInUse with the pid of the holder.
 * What holds is a lock of the operating system on a file in it (through SQLite, for Node has no call for it): it ends with the
 * process, however that ends. The pid beside it is for people. A second call of the same process shares the hold.
 */
export const holdDataFolder = (dataDir: string): { release(): void } => {
  const folder = create(resolve(dataDir))
  const held = holds.get(folder) ?? { lock: lock(folder), count: 0 }
  held.count++
  holds.set(folder, held)
  let released = false
  return {
    release: () => {
      if (released) return
      released = true
      held.count--
      if (held.count > 0) return
      holds.delete(folder)
      held.lock.close()
    },
  }
}

/** Others may pass through, for the servers of root run as somebody else; what lies in it has modes of its own. */
const create = (folder: string): string => {
  try {
    makeFolder(folder)
    return realpathSync(folder)
  } catch (error) {
    throw unusable(folder, error)
  }
}

// Node's own `recursive` tries for ever where the parent is there and the answer is ENOENT all the same, as in /proc.
const makeFolder = (folder: string): void => {
  if (isFolder(folder)) return
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o711 })
  } catch (error) {
    // Somebody else may have been first.
    if (!isFolder(folder)) throw error
  }
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** SQLite's SQLITE_NOTADB. */
const notADatabase = 26

const lock = (folder: string): DatabaseSync => {
  const file = join(folder, 'lock')
  const holder = join(folder, 'holder')
  let database: DatabaseSync | undefined
  const open = () => {
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec('pragma journal_mode = memory; begin exclusive')
    return database
  }
  try {
    closeSync(openSync(file, 'a', 0o600))
    try {
      open()
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== notADatabase) throw error
      // Damaged, and held by no process: SQLite takes the lock before it reads. Emptied in place, because the lock is on this file.
      database?.close()
      truncateSync(file)
      open()
    }
    writeFileSync(holder, `${process.pid}\n`)
    return database!
  } catch (error) {
    database?.close()
    const busy = 5
    if ((error as { errcode?: number }).errcode === busy)
      throw new FolderInUse(`already running (pid ${pidIn(holder)}): it holds the data folder ${folder}`)
    throw unusable(folder, error)
  }
}

const unusable = (folder: string, error: unknown): Error => {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid
  const foreign = owner !== undefined && process.getuid !== undefined && owner !== process.getuid()
  return new Error(
    `cannot use the data folder ${folder}${foreign ? `, which belongs to ${nameOf(owner)}` : ''}: ${(error as Error).message}; set DATA_DIR to a folder that can be written`,
  )
}

/** For people; a file that is missing or damaged names no process. */
const pidIn = (file: string): string => {
  try {
    return /^\d+$/.exec(readFileSync(file, 'utf8').trim())?.[0] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Where data lies: DATA_DIR, else `.vigia` in the checkout; for root, where its database user cannot get there, /var/lib/vigia. */
export const chooseDataFolder = async (
  checkout: string,
  account: Account | null,
  given: string | undefined = process.env.DATA_DIR,
): Promise<string> => {
  const folder = resolve(checkout, given || '.vigia')
  const barrier = await barrierTo(folder, account)
  if (barrier === null) return folder
  if (given)
    throw new Error(
      `DATA_DIR ${folder}: PostgreSQL runs as ${account?.name}, who cannot enter ${barrier}; choose another folder or do not start as root`,
    )
  return '/var/lib/vigia'
}

/** The first folder on the way to `path` (or `path` itself, a file that must be read) that `account` may not enter; null where the way is free. */
export const barrierTo = async (path: string, account: Account | null): Promise<string | null> => {
  if (account === null) return null
  const there = await existing(resolve(path))
  const parts = there.split(sep)
  for (let n = 1; n <= parts.length; n++) {
    const step = parts.slice(0, n).join(sep) || sep
    const found = await stat(step)
    const shift = found.uid === account.uid ? 6 : found.gid === account.gid ? 3 : 0
    if (((found.mode >> shift) & (found.isDirectory() ? 0o1 : 0o4)) === 0) return step
  }
  return null
}

/** The real path of what exists of `path`. */
const existing = async (path: string): Promise<string> => {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return existing(dirname(path))
  }
}

/** Throws where `folder` exists and belongs to somebody other than the one who runs the server. */
export const refuseForeignFolder = async (folder: string, account: Account | null): Promise<void> => {
  const uid = account?.uid ?? process.getuid?.()
  const owner = await stat(folder).catch(() => undefined)
  if (uid === undefined || owner === undefined || owner.uid === uid) return
  throw new Error(
    `${folder} belongs to ${nameOf(owner.uid)} and the server would run as ${nameOf(uid)}: start as the same user as before, or set DATA_DIR to another folder`,
  )
}

/** Makes the folder where it is missing, open to nobody but the one who runs the server. */
export const own = async (folder: string, account: Account | null): Promise<void> => {
  try {
    await mkdir(folder, { mode: 0o700 })
    if (account) await chown(folder, account.uid, account.gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

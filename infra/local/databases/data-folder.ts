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

/** The error when another process uses the data folder. */
export class FolderInUse extends Error {
  override name = 'FolderInUse'
}

const holds = new Map<string, { lock: DatabaseSync; count: number }>()

/**
 * Reserves the data folder for this process and creates it if it is missing. Throws FolderInUse with the pid of the
 * process that has reserved the folder. The reservation is a file lock of the operating system, taken through SQLite
 * because Node.js has no call for it. The lock ends with the process, however the process ends. The file `holder`
 * contains the pid, so that people can read it. A second call of the same process shares the reservation.
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

/**
 * Creates the data folder with mode 0711: other users may enter it, because root runs the database servers as another
 * user. The files in the folder have their own modes.
 */
const create = (folder: string): string => {
  try {
    makeFolder(folder)
    return realpathSync(folder)
  } catch (error) {
    throw unusable(folder, error)
  }
}

// mkdir with `recursive` loops for ever if the parent exists and the system still answers ENOENT, as in /proc.
const makeFolder = (folder: string): void => {
  if (isFolder(folder)) return
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o711 })
  } catch (error) {
    // Another process may have created the folder meanwhile.
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
      // The file is damaged, and no process holds it, because SQLite takes the lock before it reads the file. The file
      // is emptied and not replaced, because a lock belongs to one file and not to its name.
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
      throw new FolderInUse(
        `Vigia (pid ${pidIn(holder)}) already uses the data folder ${folder}; stop it, or set DATA_DIR to another folder`,
      )
    throw unusable(folder, error)
  }
}

const unusable = (folder: string, error: unknown): Error => {
  const owner = ownerOf(folder)
  const foreign = owner !== undefined && process.getuid !== undefined && owner !== process.getuid()
  return new Error(
    `cannot use the data folder ${folder}${foreign ? `, which belongs to ${nameOf(owner)}` : ''}: ${(error as Error).message}; set DATA_DIR to a folder that can be written`,
  )
}

/** The user id of a folder's owner; undefined if it cannot be read, as in a circle of symbolic links. */
const ownerOf = (folder: string): number | undefined => {
  try {
    return statSync(folder).uid
  } catch {
    return undefined
  }
}

/** The pid in a file; `unknown` if the file is missing or damaged. */
const pidIn = (file: string): string => {
  try {
    return /^\d+$/.exec(readFileSync(file, 'utf8').trim())?.[0] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/**
 * The data folder: DATA_DIR, else `.vigia` in the checkout, else (for root, if its database user cannot enter the
 * checkout) /var/lib/vigia. Throws an error that names the folder if its path cannot be followed.
 */
export const chooseDataFolder = async (
  checkout: string,
  account: Account | null,
  dataDir: string | undefined = process.env.DATA_DIR,
): Promise<string> => {
  const folder = resolve(checkout, dataDir || '.vigia')
  const barrier = await barrierTo(folder, account).catch(error => {
    throw unusable(folder, error)
  })
  if (barrier === null) return folder
  if (dataDir)
    throw new Error(
      `DATA_DIR ${folder}: PostgreSQL runs as ${account?.name}, who cannot enter ${barrier}; choose another folder or do not start as root`,
    )
  return '/var/lib/vigia'
}

/**
 * The first folder on the path that `account` may not enter, or the file itself if `account` may not read it; null if
 * `account` can reach the path. For the user of this process (`account` is null) the result is always null.
 */
export const barrierTo = async (path: string, account: Account | null): Promise<string | null> => {
  if (account === null) return null
  const real = await existing(resolve(path))
  const parts = real.split(sep)
  for (let n = 1; n <= parts.length; n++) {
    const step = parts.slice(0, n).join(sep) || sep
    const found = await stat(step)
    const shift = found.uid === account.uid ? 6 : found.gid === account.gid ? 3 : 0
    if (((found.mode >> shift) & (found.isDirectory() ? 0o1 : 0o4)) === 0) return step
  }
  return null
}

/** The real path of the part of `path` that exists. */
const existing = async (path: string): Promise<string> => {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return existing(dirname(path))
  }
}

/** Throws if `folder` exists and belongs to another user than the one who runs the server. */
export const refuseForeignFolder = async (folder: string, account: Account | null): Promise<void> => {
  const uid = account?.uid ?? process.getuid?.()
  const owner = await stat(folder).catch(() => undefined)
  if (uid === undefined || owner === undefined || owner.uid === uid) return
  throw new Error(
    `${folder} belongs to ${nameOf(owner.uid)} and the server would run as ${nameOf(uid)}: start as the same user as before, or set DATA_DIR to another folder`,
  )
}

/** Creates the folder if it is missing. Only the user who runs the server may use it (mode 0700). */
export const createPrivateFolder = async (folder: string, account: Account | null): Promise<void> => {
  try {
    await mkdir(folder, { mode: 0o700 })
    if (account) await chown(folder, account.uid, account.gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

const windows = process.platform === 'win32'

/**
 * Writes `file` so that after a crash or a power cut the file has either the old or the new content, and never only a
 * part. The content goes to a temporary file in the same folder. The temporary file is flushed to the disk and then
 * renamed. Without the flush, the file may have its new name but not its bytes on some file systems.
 */
export const writeFileAtomic = async (file: string, content: string | Uint8Array, mode = 0o600): Promise<void> => {
  const temporary = temporaryNameOf(file)
  const handle = await open(temporary, 'w', mode)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  await flushFolder(dirname(file))
}

/** `writeFileAtomic` for synchronous callers. */
export const writeFileAtomicSync = (file: string, content: string | Uint8Array, mode = 0o600): void => {
  const temporary = temporaryNameOf(file)
  const descriptor = openSync(temporary, 'w', mode)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, file)
  if (windows) return
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Flushes a finished file or folder to the disk and then gives it its final name. */
export const renameAtomic = async (temporary: string, file: string): Promise<void> => {
  await flush(temporary)
  await rename(temporary, file)
  await flushFolder(dirname(file))
}

/**
 * The name of the temporary file. It contains the process id, so that two processes that write the same file do not
 * share a temporary file.
 */
const temporaryNameOf = (file: string) => `${file}.${process.pid}.draft`

const flush = async (path: string): Promise<void> => {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Flushes a folder, so that a rename in it survives a power cut. Windows cannot open a folder, and its file system
 * records renames in a journal.
 */
const flushFolder = (folder: string) => (windows ? Promise.resolve() : flush(folder))

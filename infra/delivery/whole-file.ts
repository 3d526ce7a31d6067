import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

const windows = process.platform === 'win32'

/**
 * Writes `file` so that after a crash or a power cut it has the old content or the new one, never a part: a draft in the
 * same folder is written to the disk and then renamed. File systems may otherwise keep the new name without its bytes.
 */
export const writeWhole = async (file: string, content: string | Uint8Array, mode = 0o600): Promise<void> => {
  const draft = draftOf(file)
  const handle = await open(draft, 'w', mode)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
  await syncFolder(dirname(file))
}

/** The same for callers that cannot wait. */
export const writeWholeSync = (file: string, content: string | Uint8Array, mode = 0o600): void => {
  const draft = draftOf(file)
  const descriptor = openSync(draft, 'w', mode)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(draft, file)
  if (windows) return
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Gives a file or folder that was written elsewhere its final name, once its bytes are on the disk. */
export const renameWhole = async (draft: string, file: string): Promise<void> => {
  await sync(draft)
  await rename(draft, file)
  await syncFolder(dirname(file))
}

/** A name of this process's own, so that two that write at the same time do not share a draft. */
const draftOf = (file: string) => `${file}.${process.pid}.draft`

const sync = async (path: string): Promise<void> => {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Windows cannot open a folder, and keeps names in its journal. */
const syncFolder = (folder: string) => (windows ? Promise.resolve() : sync(folder))

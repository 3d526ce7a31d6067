import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { holdDataFolder } from './data-folder.ts'
import { endMongoOrphan } from './mongodb.ts'
import { endPostgresOrphan } from './postgres.ts'

/** Downloaded programs are no data; the lock is held while the rest goes. */
const stays = ['binaries', 'lock', 'holder']

/**
 * Empties the data folder, after ending the servers that run on it: those of a killed runtime, for this process has not started any
 * yet. Throws FolderInUse while another process holds the folder.
 */
export const wipeDataFolder = async (dataDir: string): Promise<void> => {
  const hold = holdDataFolder(dataDir)
  try {
    await Promise.all([endPostgresOrphan(dataDir), endMongoOrphan(dataDir)])
    for (const name of await readdir(dataDir))
      if (!stays.includes(name)) await rm(join(dataDir, name), { recursive: true, force: true })
  } finally {
    hold.release()
  }
}

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { holdDataFolder } from './data-folder.ts'
import { endMongoOrphan } from './mongodb.ts'
import { endPostgresOrphan } from './postgres.ts'

/** Downloaded programs are no data; the lock is held while the rest goes. */
const stays = ['binaries', 'lock', 'holder']

/** Empties the data folder, after ending what a killed runtime left running on it. Throws FolderInUse while a living one has it. */
export const wipeDataFolder = async (dataDir: string): Promise<void> => {
  const hold = holdDataFolder(dataDir, { alone: true })
  try {
    await Promise.all([endPostgresOrphan(dataDir), endMongoOrphan(dataDir)])
    for (const name of await readdir(dataDir))
      if (!stays.includes(name)) await rm(join(dataDir, name), { recursive: true, force: true })
  } finally {
    hold.release()
  }
}

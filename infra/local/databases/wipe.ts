import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { holdDataFolder } from './data-folder.ts'
import { endMongoOrphan } from './mongodb.ts'
import { endPostgresOrphan } from './postgres.ts'

/**
 * The names that are not deleted. Downloaded programs are not data. The lock and the file `holder` are in use while
 * everything else is deleted.
 */
const keptNames = ['binaries', 'lock', 'holder']

/**
 * Empties the data folder. The servers that a killed runtime left running on the folder are ended first. This process
 * has not started its own servers yet. Throws FolderInUse while another process uses the folder.
 */
export const wipeDataFolder = async (dataDir: string): Promise<void> => {
  const hold = holdDataFolder(dataDir)
  try {
    await Promise.all([endPostgresOrphan(dataDir), endMongoOrphan(dataDir)])
    for (const name of await readdir(dataDir))
      if (!keptNames.includes(name)) await rm(join(dataDir, name), { recursive: true, force: true })
  } finally {
    hold.release()
  }
}

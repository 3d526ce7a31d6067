import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FolderInUse, holdDataFolder } from '#local/databases/data-folder.ts'
import { jongodb } from '#local/databases/mongo-programs.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { wipeDataFolder } from '#local/databases/wipe.ts'

const prefix = join(tmpdir(), 'vigia-test-')

/** Nothing of the tests outlives the run, so they need not wait for the disk; what must survive a crash starts a server of its own. */
const hasty = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  max_wal_size: '512MB',
}

/** Ends the servers of runs that were killed, and removes their folders. */
const sweep = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const folder = join(tmpdir(), name)
    if (!folder.startsWith(prefix)) continue
    try {
      // Tests of the supervisor have their data one level down; the folder itself tells whether they still run.
      const hold = holdDataFolder(folder)
      try {
        if ((await readdir(folder)).includes('data')) await wipeDataFolder(join(folder, 'data'))
      } finally {
        hold.release()
      }
      await wipeDataFolder(folder)
      await rm(folder, { recursive: true, force: true })
    } catch (error) {
      // Held: another run is using it at this moment. Gone: another run sweeps too.
      if (!(error instanceof FolderInUse) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** A new folder among the temporary files that later runs remove should this one be killed; `remove` it once its servers have stopped. */
export const temporaryDataFolder = async (): Promise<{ folder: string; remove(): Promise<void> }> => {
  for (;;) {
    const folder = await mkdtemp(prefix)
    try {
      await chmod(folder, 0o711)
      const hold = holdDataFolder(folder)
      const remove = async () => {
        // A server that has just ended may have left a helper that writes its last file.
        await rm(folder, { recursive: true, force: true, maxRetries: 5 })
        hold.release()
      }
      return { folder, remove }
    } catch (error) {
      // Another run took it for a leftover.
      if (!(error instanceof FolderInUse) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/**
 * Starts the servers that all test files share, unless VIGIA_TEST_DATABASE_URL and VIGIA_TEST_MONGODB_URI name others, and says in
 * these variables where they are. Returns what ends them.
 */
export default async function setup(): Promise<() => Promise<void>> {
  await sweep()
  const { folder, remove } = await temporaryDataFolder()
  const env = process.env
  const [postgres, mongo] = await Promise.all([
    startPostgres({ dataDir: folder, databaseUrl: env.VIGIA_TEST_DATABASE_URL, settings: hasty }),
    // Always the memory server where there is one: it starts in no time. The catalogue's contract is tested on the others too.
    startMongo({
      dataDir: folder,
      env: { ...env, MONGODB_URI: env.VIGIA_TEST_MONGODB_URI, ...(jongodb() ? { PATH: '', HOME: folder } : {}) },
    }).catch((error: Error) => {
      process.stderr.write(`tests of the catalogue will fail: ${error.message}\n`)
      return undefined
    }),
  ])
  env.VIGIA_TEST_DATABASE_URL = postgres.url
  if (mongo) {
    env.VIGIA_TEST_MONGODB_STEP = mongo.step
    env.VIGIA_TEST_MONGODB_URI = mongo.uri
  }
  return async () => {
    await Promise.all([postgres.stop(), mongo?.stop()])
    await remove()
  }
}

import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FolderInUse, holdDataFolder } from '#local/databases/data-folder.ts'
import { jongodb } from '#local/databases/mongo-programs.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { wipeDataFolder } from '#local/databases/wipe.ts'
import type { SharedServer } from './shared-servers.ts'

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

/** The servers of `sharedServer`, each started when it is first asked for. */
const sharedServers = () => {
  let folder: ReturnType<typeof temporaryDataFolder> | undefined
  const started: Partial<Record<SharedServer, Promise<{ url: string; stop(): Promise<void> }>>> = {}
  const dataFolder = async () => {
    folder ??= temporaryDataFolder()
    return (await folder).folder
  }
  const starts: Record<SharedServer, () => Promise<{ url: string; stop(): Promise<void> }>> = {
    postgres: async () => startPostgres({ dataDir: await dataFolder(), settings: hasty }),
    mongodb: async () => {
      const dataDir = await dataFolder()
      // Always the memory server where there is one: it starts in no time. The catalogue's contract is tested on the others too.
      const env = { ...process.env, MONGODB_URI: undefined, ...(jongodb() ? { PATH: '', HOME: dataDir } : {}) }
      const { uri, stop } = await startMongo({ dataDir, env })
      return { url: uri, stop }
    },
  }
  return {
    urlOf: async (name: SharedServer) => {
      started[name] ??= starts[name]()
      return (await started[name]).url
    },
    stop: async () => {
      await Promise.all(Object.values(started).map(server => server.then(({ stop }) => stop()).catch(() => {})))
      await (await folder)?.remove()
    },
  }
}

/**
 * Listens for test files that ask for a server they share, and says in VIGIA_TEST_SERVERS where. Workers are processes of
 * their own, so the servers belong to this one, which outlives them all. Returns what ends them.
 */
export default async function setup(): Promise<() => Promise<void>> {
  await sweep()
  const servers = sharedServers()
  const listener = createServer((request, response) => {
    const name = request.url?.slice(1)
    if (name !== 'postgres' && name !== 'mongodb') return response.writeHead(404).end()
    return servers.urlOf(name).then(
      url => response.end(url),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  process.env.VIGIA_TEST_SERVERS = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  return async () => {
    listener.close()
    listener.closeAllConnections()
    await servers.stop()
  }
}

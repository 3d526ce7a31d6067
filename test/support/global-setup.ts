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

/**
 * PostgreSQL does not wait for the disk, because no test data outlives the run. A test about crashes starts its own
 * server.
 */
const fastSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  max_wal_size: '512MB',
}

/** Stops the servers that killed runs have left behind, and removes their folders. */
const sweep = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const folder = join(tmpdir(), name)
    if (!folder.startsWith(prefix)) continue
    try {
      // Tests of the supervisor keep their data in the subfolder `data`. These tests hold the outer folder while they
      // run.
      const hold = holdDataFolder(folder)
      try {
        if ((await readdir(folder)).includes('data')) await wipeDataFolder(join(folder, 'data'))
      } finally {
        hold.release()
      }
      await wipeDataFolder(folder)
      await rm(folder, { recursive: true, force: true })
    } catch (error) {
      // FolderInUse: another run is using the folder. ENOENT: another run has just removed it.
      if (!(error instanceof FolderInUse) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/**
 * A new temporary data folder. Call `remove` after its servers have stopped; if this run is killed, a later run removes
 * it.
 */
export const temporaryDataFolder = async (): Promise<{ folder: string; remove(): Promise<void> }> => {
  for (;;) {
    const folder = await mkdtemp(prefix)
    try {
      await chmod(folder, 0o711)
      const hold = holdDataFolder(folder)
      const remove = async () => {
        // The removal is retried, because a helper process of a stopped server may still write its last file.
        await rm(folder, { recursive: true, force: true, maxRetries: 5 })
        hold.release()
      }
      return { folder, remove }
    } catch (error) {
      // Another run removed or held this folder, because it looked like the folder of a killed run.
      if (!(error instanceof FolderInUse) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** The servers of `sharedServer`. Each server starts at the first request for its URL. */
const sharedServers = () => {
  let folder: ReturnType<typeof temporaryDataFolder> | undefined
  const started: Partial<Record<SharedServer, Promise<{ url: string; stop(): Promise<void> }>>> = {}
  const dataFolder = async () => {
    folder ??= temporaryDataFolder()
    return (await folder).folder
  }
  const starts: Record<SharedServer, () => Promise<{ url: string; stop(): Promise<void> }>> = {
    postgres: async () => startPostgres({ dataDir: await dataFolder(), settings: fastSettings }),
    mongodb: async () => {
      const dataDir = await dataFolder()
      // Use the in-memory server if it is installed, because it starts fastest. The catalogue's contract test covers
      // all servers.
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
 * Vitest's global setup. It starts an HTTP server that gives test files the URL of a shared database server; the URL of
 * the HTTP server is in VIGIA_TEST_SERVERS. All servers run in this process, because the worker processes end earlier.
 * The returned function stops all servers.
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

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { postgres } from '#database/connect.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { wipeDataFolder } from '#local/databases/wipe.ts'
import { temporaryDataFolder } from '#test/support/global-setup.ts'

export const cleanups: (() => unknown)[] = []
afterEach(async () => {
  while (cleanups.length > 0) await cleanups.pop()?.()
})

/** Kills the process at the end of the test, if it still runs. */
export const killAtEnd = <Child extends ChildProcess>(child: Child): Child => {
  cleanups.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const over = once(child, 'exit')
    child.kill('SIGKILL')
    await over
  })
  return child
}

/** A data folder that does not exist yet and that no process holds. */
export const newFolder = async (): Promise<string> => {
  const { folder, remove } = await temporaryDataFolder()
  cleanups.push(remove)
  const own = join(folder, 'data')
  cleanups.push(() => wipeDataFolder(own))
  return own
}

export let initialised: { folder: string; remove(): Promise<void> }
beforeAll(async () => {
  initialised = await temporaryDataFolder()
  const server = await startPostgres({ dataDir: initialised.folder })
  await server.stop()
})
afterAll(() => initialised.remove())

/**
 * A data folder as the first start leaves it. The folder is a copy, because initdb takes ten times as long as copying.
 */
export const dataFolder = async (): Promise<string> => {
  const folder = await newFolder()
  await mkdir(folder, { recursive: true, mode: 0o711 })
  await promisify(execFile)('cp', ['-Rp', join(initialised.folder, 'postgres'), folder])
  return folder
}

export const openPostgres = async (dataDir: string) => {
  const server = await startPostgres({ dataDir })
  cleanups.push(server.stop)
  const db = postgres(server.url, { max: 8 })
  cleanups.push(db.end)
  return { server, db }
}

export const openMongo = async (dataDir: string, options: Partial<Parameters<typeof startMongo>[0]> = {}) => {
  const server = await startMongo({ dataDir, env: { HOME: dataDir }, ...options })
  cleanups.push(server.stop)
  return server
}

/**
 * Starts another process that runs the servers on the folder, as `npm start` does. `refusal` is why it could not start.
 */
export const startHolder = async (dataDir: string) => {
  const script = fileURLToPath(new URL('../../../support/database-servers.process.ts', import.meta.url))
  const child = killAtEnd(spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] }))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const report = JSON.parse(line) as { url: string; postgres: number; mongo: number; refusal?: string }
  const kill9 = async () => {
    const over = once(child, 'exit')
    child.kill('SIGKILL')
    await over
  }
  return { ...report, pid: child.pid, kill9 }
}

export const isRoot = process.getuid?.() === 0
export const isLinux = process.platform === 'linux'

import { join } from 'node:path'
import { Refusal } from '../refusal.ts'
import type { Arguments } from './arguments.ts'
import { unusedLines } from './banner.ts'
import { serverAccount } from './databases/account.ts'
import { chooseDataFolder, holdDataFolder } from './databases/data-folder.ts'
import type { Settings } from './environment.ts'
import type { Server } from './http/server.ts'
import type { StartProgress } from './http/starting/progress.ts'
import { type Manifests, manifestFiles, readManifests } from './manifests/manifests.ts'
import { type Runtime, startRuntime } from './runtime.ts'
import type { Terminal } from './terminal.ts'

const root = join(import.meta.dirname, '../..')

export interface BringUp {
  args: Arguments
  settings: Settings
  /** The server on PORT, which listens already. */
  server: Server
  progress: StartProgress
  screen: Terminal
  env: NodeJS.ProcessEnv
  /** Aborted when the person at the terminal wants to stop Vigia. */
  signal: AbortSignal
}

/** Reads the manifests, reserves the data folder and starts the runtime on it. */
export const bringUp = async ({
  args: { fresh, yes, verbose, watch, downloadMongod },
  settings,
  server,
  progress,
  screen,
  env,
  signal,
}: BringUp): Promise<Runtime & { dataDir: string }> => {
  const manifestRoot = env.VIGIA_MANIFESTS ?? root
  const manifests = manifestsOf(manifestRoot)
  if (verbose) screen.say(unusedLines(manifests.unused))
  const account = process.platform === 'win32' ? null : serverAccount()
  const dataDir = await chooseDataFolder(root, account, settings.dataDir)
  // The reservation is not released here: it ends with this process.
  holdDataFolder(dataDir)
  if (fresh) {
    await wipe(dataDir, yes, signal)
    for (const [name, url] of [
      ['DATABASE_URL', settings.databaseUrl] as const,
      ['MONGODB_URI', settings.mongodbUri] as const,
    ])
      if (url) screen.say(`  --fresh leaves the server of ${name} unchanged`)
  }
  const start = {
    root,
    manifestRoot,
    watch,
    settings,
    server,
    progress,
    manifests,
    dataDir,
    downloadMongod,
    terminal: screen,
    env,
    signal,
  }
  return { ...(await startRuntime(start)), dataDir }
}

const manifestsOf = (folder: string): Manifests => {
  try {
    return readManifests(manifestFiles(folder))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Refusal(
      `${(error as NodeJS.ErrnoException).path} is missing; the manifests must be in knative/ and triggers/`,
    )
  }
}

const wipe = async (dataDir: string, yes: boolean, signal: AbortSignal): Promise<void> => {
  if (!yes) {
    if (!process.stdin.isTTY)
      throw new Refusal('--fresh asks for confirmation, but there is no terminal; use --fresh --yes')
    const { createInterface } = await import('node:readline/promises')
    const terminal = createInterface({ input: process.stdin, output: process.stdout })
    const answer = await terminal
      .question(`Delete everything in ${dataDir}? [y/N] `, { signal })
      .finally(() => terminal.close())
    if (!/^(y|yes|s|sim)$/i.test(answer.trim()))
      throw new Refusal('nothing was deleted; start without --fresh to keep the data')
  }
  const [{ wipeDataFolder }, { processJournal }] = await Promise.all([
    import('./databases/wipe.ts'),
    import('./activator/process-journal.ts'),
  ])
  await processJournal(join(dataDir, 'processes')).endOrphans()
  await wipeDataFolder(dataDir)
}

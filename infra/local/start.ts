import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { help, readArguments } from './arguments.ts'
import { banner, unusedLines } from './banner.ts'
import { serverAccount } from './databases/account.ts'
import { chooseDataFolder, holdDataFolder } from './databases/data-folder.ts'
import { readEnvironment, type Settings } from './environment.ts'
import { ManifestFaults, type Manifests, manifestFiles, readManifests } from './manifests.ts'
import { Refusal } from './refusal.ts'
import { type Runtime, startRuntime } from './runtime.ts'
import { type Terminal, terminal } from './terminal.ts'

const root = join(import.meta.dirname, '../..')

/** What is ended in the middle of its start is given this long; what then is left over the next start ends. */
const PATIENCE_MS = 4_000

/** `npm start`: reads what it was told, brings the runtime up, and ends it again when asked to. */
export const start = async (given: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  const began = performance.now()
  const said = readArguments(given)
  if (typeof said === 'string') return refuse([said], 2)
  if (said.help) return void process.stdout.write(help)
  const settings = readEnvironment(env)
  if (Array.isArray(settings)) return refuse(settings, 1)

  // A terminal that has been closed takes no more words; that is no reason to end in the middle of an end.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
  const screen = terminal(process.stdout, settings.logLevel ?? 'warn')
  const asked = new AbortController()
  const runtime = bringUp(said, settings, screen, env, asked.signal)
  endOnSignals(asked, runtime, screen)
  try {
    const { port, publicPort, isSimulated, mongo, dataDir } = await runtime
    const publicUrl = settings.publicUrl?.href
    const tookMs = performance.now() - began
    screen.say(banner({ port, publicPort, isSimulated, dataDir, mongoWords: mongo.words, publicUrl, tookMs }))
  } catch (error) {
    if (!asked.signal.aborted) refuse(linesOf(error, settings), 1)
  }
}

type Said = Exclude<ReturnType<typeof readArguments>, string>

const bringUp = async (
  { fresh, yes, verbose, downloadMongod }: Said,
  settings: Settings,
  screen: Terminal,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Runtime & { dataDir: string }> => {
  const manifests = manifestsOf(env.VIGIA_MANIFESTS ?? root)
  if (verbose) screen.say(unusedLines(manifests.unused))
  const dataDir = await dataFolder(settings.dataDir)
  // Held until this process ends, however that ends.
  holdDataFolder(dataDir)
  if (fresh) {
    await wipe(dataDir, yes, signal)
    for (const [name, url] of [
      ['DATABASE_URL', settings.databaseUrl] as const,
      ['MONGODB_URI', settings.mongodbUri] as const,
    ])
      if (url) screen.say(`  --fresh leaves the server of ${name} as it is`)
  }
  const start = { root, settings, manifests, dataDir, downloadMongod, terminal: screen, env, signal }
  return { ...(await startRuntime(start)), dataDir }
}

const dataFolder = async (given: string | undefined): Promise<string> => {
  const account = process.platform === 'win32' ? null : serverAccount()
  try {
    return await chooseDataFolder(root, account, given)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new Refusal(
      `cannot use the data folder ${given ?? ''} (${code}); set DATA_DIR to a folder that can be written`,
    )
  }
}

const manifestsOf = (folder: string): Manifests => {
  try {
    return readManifests(manifestFiles(folder))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Refusal(
      `${(error as NodeJS.ErrnoException).path} is missing; the manifests lie in knative/ and triggers/`,
    )
  }
}

const wipe = async (dataDir: string, yes: boolean, signal: AbortSignal): Promise<void> => {
  if (!yes) {
    if (!process.stdin.isTTY) throw new Refusal('--fresh asks a question; where nobody can answer, say --fresh --yes')
    const { createInterface } = await import('node:readline/promises')
    const asking = createInterface({ input: process.stdin, output: process.stdout })
    const answer = await asking
      .question(`Throw away everything in ${dataDir}? [y/N] `, { signal })
      .finally(() => asking.close())
    if (!/^(y|yes|s|sim)$/i.test(answer.trim()))
      throw new Refusal('nothing was thrown away; start without --fresh to keep it')
  }
  const [{ wipeDataFolder }, { processJournal }] = await Promise.all([
    import('./databases/wipe.ts'),
    import('./process-journal.ts'),
  ])
  await processJournal(join(dataDir, 'processes')).endOrphans()
  await wipeDataFolder(dataDir)
}

// npm passes Ctrl-C on to us although the terminal has sent it already: that is one, not two.
const ONE_KEY_MS = 500

const endOnSignals = (asked: AbortController, runtime: Promise<Runtime>, screen: Terminal) => {
  let firstAt = 0
  const end = async (code: number) => {
    if (asked.signal.aborted) {
      if (performance.now() - firstAt < ONE_KEY_MS) return
      screen.say('hurrying')
      return void (await runtime).stop()
    }
    firstAt = performance.now()
    asked.abort(new Refusal('stopped before it was up'))
    screen.say('\nstopping (once more to hurry)')
    const up = await Promise.race([runtime.catch(() => undefined), setTimeout(PATIENCE_MS, undefined)])
    await up?.stop()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0))
  const failed = (error: unknown) => {
    screen.warn(error instanceof Error ? (error.stack ?? error.message) : String(error))
    void end(1)
  }
  process.on('uncaughtException', failed)
  process.on('unhandledRejection', failed)
}

/** What a person reads about an end before the beginning: no stack traces, and no secrets, which errors of drivers may hold. */
const linesOf = (error: unknown, { databaseUrl, mongodbUri }: Settings): string[] => {
  if (error instanceof ManifestFaults) return error.lines
  let text = error instanceof Error ? error.message : String(error)
  if (!(error instanceof Refusal)) text = text.split('\n')[0]!
  for (const secret of [databaseUrl, mongodbUri]) if (secret) text = text.replaceAll(secret, '…')
  return text.split('\n')
}

const refuse = (lines: readonly string[], code: number) => {
  for (const line of lines) process.stderr.write(`vigia: ${line}\n`)
  process.exit(code)
}

import { join } from 'node:path'
import type { FunctionManifest } from '../manifests/manifests.ts'
import type { Terminal } from '../terminal.ts'
import { type Activator, activator } from './activator.ts'
import { functionEnv, type Variables } from './function-environment.ts'
import { type FunctionLog, functionLog } from './function-log.ts'
import { startProcess } from './function-process.ts'
import type { ProcessJournal } from './process-journal.ts'

export interface LocalFunctionsOptions {
  root: string
  dataDir: string
  variables: Variables
  /** The environment of the runtime. */
  env: NodeJS.ProcessEnv
  /** The port (PORT) at which functions reach the broker. */
  port: number
  /** Resolves to the commit of the checkout, if it is known. */
  revision: Promise<string | undefined>
  /** Resolves when the bundle of a function is built. */
  built(target: string): Promise<void>
  journal: ProcessJournal
  terminal: Terminal
}

/** The terminal does not repeat within this time that logs cannot be written. */
const unwritableWarningMs = 10 * 60_000

/** Runs each function in child processes that execute its bundle, with a log file in the data folder. */
export const localFunctions = (
  manifests: readonly FunctionManifest[],
  { root, dataDir, variables, env, port, revision, built, journal, terminal }: LocalFunctionsOptions,
): { activator: Activator; closeLogs(): Promise<unknown> } => {
  const logs = new Map<string, FunctionLog>()
  const folder = join(dataDir, 'logs')
  let warnedAt = Number.NEGATIVE_INFINITY
  /** One line for all functions, because a full disk concerns them all. */
  const whenUnwritable = ({ code, message }: NodeJS.ErrnoException) => {
    if (performance.now() - warnedAt < unwritableWarningMs) return
    warnedAt = performance.now()
    terminal.warn(
      `the logs in ${folder} cannot be written: ${code ?? message}; until they can, lines are only shown here`,
    )
  }
  const logOf = (name: string) => {
    const log = logs.get(name) ?? functionLog(folder, name, terminal.functionLine, { whenUnwritable })
    logs.set(name, log)
    return log
  }
  const start = async (manifest: FunctionManifest) => {
    await built(manifest.target)
    const environment = { brokerOrigin: `http://127.0.0.1:${port}`, runtimeEnv: env, revision: await revision }
    const command = [process.execPath, join(root, `.build/functions/${manifest.target}.mjs`)]
    return startProcess({
      command,
      env: functionEnv(manifest, variables, environment),
      readinessPath: manifest.readinessPath,
      startTimeoutMs: manifest.startTimeoutMs,
      log: logOf(manifest.name),
      remember: pid => journal.remember(pid, command),
      forget: journal.forget,
    })
  }
  return {
    activator: activator(manifests, start, (level, text) => (level === 'warn' ? terminal.warn(text) : undefined)),
    closeLogs: () => Promise.all([...logs.values()].map(log => log.close())),
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { BuildEvent } from '#infra/delivery/build.ts'
import { Refusal } from '#infra/refusal.ts'

/**
 * A build of the functions. It runs in a process of its own, because the runtime would not get rid of the memory that a
 * build allocates.
 */
export interface FunctionsBuild {
  /**
   * Resolves when a process of this function can be started; rejects with a Refusal if the function cannot be built.
   */
  ready(target: string): Promise<void>
  /** Resolves with the bundles when all functions are built; rejects with a Refusal that lists every fault. */
  readonly all: Promise<BuiltFunction[]>
  /** The functions that are built so far, and those that could not be built. */
  readonly built: readonly BuiltFunction[]
  readonly faults: readonly { name: string; reason: string }[]
  /** Resolves when the build process has ended. Before it ends, it writes the code caches. */
  readonly ended: Promise<void>
  stop(): void
}

/** The bundle of a function. `id` changes when the text of the bundle changes. */
export interface BuiltFunction {
  name: string
  id: string
}

export interface BuildStart {
  root: string
  /** The function that is built before the others. */
  first?: string | undefined
  /** Whether the build also writes V8's code caches. If not, a later build writes them. */
  warm?: boolean
  log(line: string): void
  /** Called after each function that was built. */
  progress?(built: number, of: number): void
}

export const buildInBackground = ({
  root,
  first,
  warm = true,
  log,
  progress = () => {},
}: BuildStart): FunctionsBuild => {
  const options = [...(first === undefined ? [] : ['--first', first]), ...(warm ? [] : ['--no-warm-up'])]
  const child = spawn(process.execPath, [join(root, 'infra/delivery/build.ts'), ...options], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const waiting = new Map<string, PromiseWithResolvers<void>>()
  const all = Promise.withResolvers<BuiltFunction[]>()
  const built: BuiltFunction[] = []
  const faults: { name: string; reason: string }[] = []
  let total: number | undefined
  /** Why the build process ended; undefined until then. */
  let endReason: string | undefined
  let errorOutput = ''
  // A caller may wait for one function only, or for all. Rejections of the other promises must not be reported as
  // unhandled.
  all.promise.catch(() => {})

  const isComplete = () => total !== undefined && built.length + faults.length >= total
  const endedEarly = () => new Refusal(`the functions could not be built:\n${errorOutput.trim() || endReason}`)
  /** The refusal for a target that has no result when the build process has ended. */
  const withoutResult = (target: string) =>
    isComplete() ? new Refusal(`there is no function ${target} in functions/`) : endedEarly()
  const entry = (target: string) => {
    const known = waiting.get(target)
    if (known) return known
    const added = Promise.withResolvers<void>()
    waiting.set(target, added)
    added.promise.catch(() => {})
    if (endReason !== undefined) added.reject(withoutResult(target))
    return added
  }
  const settleIfComplete = () => {
    if (!isComplete()) return
    if (faults.length === 0) all.resolve(built)
    else all.reject(new Refusal(`the functions could not be built:\n${faults.map(({ reason }) => reason).join('\n')}`))
  }
  child.on('message', (event: BuildEvent) => {
    if (event.kind === 'begun') total = event.names.length
    else if (event.kind === 'built') {
      built.push({ name: event.name, id: event.id })
      entry(event.name).resolve()
      progress(built.length, total ?? 0)
    } else {
      faults.push({ name: event.name, reason: event.reason })
      entry(event.name).reject(new Refusal(`${event.name} could not be built:\n${event.reason}`))
    }
    settleIfComplete()
  })
  createInterface({ input: child.stdout! }).on('line', line => {
    // The only useful lines are those about a function that was not warmed up and therefore starts more slowly. The
    // terminal shows the success of the build as a step of the start.
    if (/not warmed up/.test(line)) log(line)
  })
  child.stderr!.setEncoding('utf8').on('data', text => {
    errorOutput += text
  })
  // When the process has ended and its channel is closed, all messages have been read.
  const ended = Promise.all([once(child, 'close'), once(child, 'disconnect')]).then(
    ([[code]]) => end(`the build process ended with exit code ${code}`),
    (error: Error) => end(error.message),
  )
  const end = (reason: string) => {
    endReason = reason
    for (const [target, { reject }] of waiting) reject(withoutResult(target))
    all.reject(endedEarly())
  }
  return {
    ready: target => entry(target).promise,
    all: all.promise,
    built,
    faults,
    ended,
    stop: () => void child.kill('SIGTERM'),
  }
}

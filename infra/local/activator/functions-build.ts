import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { BuildEvent } from '#infra/delivery/build.ts'
import { Refusal } from '#infra/refusal.ts'

/**
 * A build of the functions. It runs in a process of its own, because the memory that it takes would remain allocated in
 * the runtime.
 */
export interface FunctionsBuild {
  /** Resolves when a process of this function can be started; rejects with a Refusal if it cannot be built. */
  ready(target: string): Promise<void>
  /** Resolves with the bundles when all functions are built; rejects with a Refusal that lists every fault. */
  readonly all: Promise<BuiltNow[]>
  /** The functions that are built so far, and those that could not be built. */
  readonly built: readonly BuiltNow[]
  readonly faults: readonly { name: string; why: string }[]
  /** Resolves when the build process has ended, which is after it has written the code caches. */
  readonly over: Promise<void>
  stop(): void
}

/** A bundle. Its `id` changes when its text changes. */
export interface BuiltNow {
  name: string
  id: string
}

export interface BuildStart {
  root: string
  /** The function that is built before the others. */
  first?: string | undefined
  /** false leaves the code caches to a later build. */
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
  const all = Promise.withResolvers<BuiltNow[]>()
  const built: BuiltNow[] = []
  const faults: { name: string; why: string }[] = []
  let total: number | undefined
  let isOver = false
  let errorOutput = ''
  // A caller may wait for one function only, or for all. Rejections of the other promises must not be reported as
  // unhandled.
  all.promise.catch(() => {})

  const entry = (target: string) => {
    const known = waiting.get(target)
    if (known) return known
    const added = Promise.withResolvers<void>()
    waiting.set(target, added)
    added.promise.catch(() => {})
    if (isOver) added.reject(new Refusal(`there is no function ${target} in functions/`))
    return added
  }
  const settleIfComplete = () => {
    if (total === undefined || built.length + faults.length < total) return
    if (faults.length === 0) all.resolve(built)
    else all.reject(new Refusal(`the functions could not be built:\n${faults.map(({ why }) => why).join('\n')}`))
  }
  child.on('message', (event: BuildEvent) => {
    if (event.kind === 'begun') total = event.names.length
    else if (event.kind === 'built') {
      built.push({ name: event.name, id: event.id })
      entry(event.name).resolve()
      progress(built.length, total ?? 0)
    } else {
      faults.push({ name: event.name, why: event.reason })
      entry(event.name).reject(new Refusal(`${event.name} could not be built:\n${event.reason}`))
    }
    settleIfComplete()
  })
  createInterface({ input: child.stdout! }).on('line', line => {
    // The terminal shows success as a step of the start. Of the lines, only those about a function that will start more
    // slowly are useful.
    if (/not warmed up/.test(line)) log(line)
  })
  child.stderr!.setEncoding('utf8').on('data', text => {
    errorOutput += text
  })
  // When the process has ended and its channel is closed, all messages have been read.
  const over = Promise.all([once(child, 'close'), once(child, 'disconnect')]).then(
    ([[code]]) => end(`it ended with ${code}`),
    (error: Error) => end(error.message),
  )
  const end = (reason: string) => {
    isOver = true
    // For targets without a message: the folder has no function, or the build was stopped.
    const refusal = new Refusal(`the functions could not be built:\n${errorOutput.trim() || reason}`)
    for (const { reject } of waiting.values()) reject(refusal)
    all.reject(refusal)
  }
  return {
    ready: target => entry(target).promise,
    all: all.promise,
    built,
    faults,
    over,
    stop: () => void child.kill('SIGTERM'),
  }
}

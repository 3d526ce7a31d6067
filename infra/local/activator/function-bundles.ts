import type { StartProgress } from '../http/starting/progress.ts'
import type { FunctionManifest } from '../manifests/manifests.ts'
import type { Terminal } from '../terminal.ts'
import { type BuiltFunction, buildInBackground } from './functions-build.ts'

/** The bundles of all functions: built once at the start, and again after a change in the checkout. */
export interface FunctionBundles {
  /** Resolves when every function is built; rejects with a Refusal that names every function that cannot be built. */
  all: Promise<unknown>
  /** Resolves when `firstFunction` can be started. */
  first(): Promise<void>
  /** Resolves when a function can be started. A function that no longer compiles keeps its last bundle. */
  ready(target: string): Promise<void>
  /** The progress of the build, as text for the readiness report; empty when all functions are built. */
  waitingFor(): string[]
  /** Builds the functions again. Resolves with the bundles that have changed, and the functions that do not compile. */
  rebuild(): Promise<{ changed: BuiltFunction[]; faults: readonly { name: string; reason: string }[] }>
  stop(): Promise<void>
}

export interface FunctionBundlesOptions {
  root: string
  functions: readonly FunctionManifest[]
  /** The name of the function that is built before the others, because a person waits for it. */
  firstFunction: string
  /** Whether the build also writes V8's code caches. If not, a later build writes them. */
  warm: boolean
  terminal: Terminal
  progress: StartProgress
}

/** Starts to build all functions in the background. */
export const buildBundles = (options: FunctionBundlesOptions): FunctionBundles => {
  const { root, functions, firstFunction, warm, terminal, progress } = options
  const firstTarget = functions.find(({ name }) => name === firstFunction)?.target
  const log = (line: string) => terminal.say(`  ${line}`)
  let [built, total] = [0, 1]
  const initial = buildInBackground({
    root,
    warm,
    first: firstTarget,
    log,
    progress: (done, of) => {
      built = done
      total = of
      progress.set('functions', { detail: `${done}/${of}` })
    },
  })
  let latest = initial
  const bundles = new Map<string, string>()
  const all = terminal.step('functions', () => initial.all)
  // The caller of `first` or `all` handles the error. Without this line, Node.js would report the error as unhandled
  // before the caller gets it.
  all.catch(() => {})
  return {
    all,
    first: () => (firstTarget === undefined ? Promise.resolve() : initial.ready(firstTarget)),
    ready: async target => {
      await latest.ready(target).catch(error => {
        if (!bundles.has(target)) throw error
      })
    },
    waitingFor: () => (built < total ? [`functions (${built} of ${total} built)`] : []),
    rebuild: async () => {
      for (const { name, id } of latest.built) bundles.set(name, id)
      latest = buildInBackground({ root, warm: false, log })
      await latest.all.catch(error => {
        // The faults of single functions are in the result. Any other error concerns all functions.
        if (latest.faults.length === 0) throw error
      })
      return { changed: latest.built.filter(({ name, id }) => bundles.get(name) !== id), faults: latest.faults }
    },
    stop: async () => {
      for (const build of new Set([initial, latest])) build.stop()
      await Promise.all([initial.ended, latest.ended])
    },
  }
}

import type { BuiltFunction } from '../activator/functions-build.ts'
import { ManifestErrors, type Manifests, manifestFiles, readManifests } from '../manifests/manifests.ts'
import type { Terminal } from '../terminal.ts'
import { type ManifestChanges, manifestChanges } from './manifest-changes.ts'
import { watchCheckout } from './watch.ts'

export interface DevLoop {
  root: string
  /** The folder with knative/ and triggers/. */
  manifestRoot: string
  manifests: Manifests
  terminal: Pick<Terminal, 'say' | 'warn'>
  /**
   * Builds the functions again; resolves with the functions whose bundle has changed, and a fault for each function
   * that does not compile.
   */
  rebuild(): Promise<{ changed: BuiltFunction[]; faults: readonly { name: string; reason: string }[] }>
  /** Ends the processes of a function. The next request starts its new bundle. */
  restart(target: string): Promise<void>
  /** Replaces the manifests that are in use. */
  apply(manifests: Manifests, changes: ManifestChanges): Promise<void>
}

/**
 * `npm run dev`: restarts what a change in the checkout affects and logs one line about each restart. Returns a
 * function that ends the loop.
 */
export const devLoop = ({
  root,
  manifestRoot,
  terminal,
  manifests,
  rebuild,
  restart,
  apply,
}: DevLoop): (() => void) => {
  let current = manifests

  const sourcesChanged = async () => {
    const began = performance.now()
    const { changed, faults } = await rebuild()
    await Promise.all(changed.map(({ name }) => restart(name)))
    const took = `${((performance.now() - began) / 1000).toFixed(1)} s`
    for (const { name, reason } of faults) terminal.warn(`${name} keeps running its last version: ${reason}`)
    if (changed.length > 0)
      terminal.say(`  ↻ ${changed.map(({ name }) => name).join(', ')}: rebuilt and restarted in ${took}`)
    else if (faults.length === 0) terminal.say(`  ↻ no bundle changed (${took})`)
  }

  const manifestsChanged = async () => {
    let next: Manifests
    try {
      next = readManifests(manifestFiles(manifestRoot))
    } catch (error) {
      const lines = error instanceof ManifestErrors ? error.lines : [(error as Error).message]
      return terminal.warn(`the last valid manifests stay in use: ${lines.join('\n  ')}`)
    }
    const changes = manifestChanges(current, next)
    const { functions, removed, triggers, sources } = changes
    const before = new Set(current.functions.map(({ name }) => name))
    const names = functions.map(({ name }) => name)
    const restarted = [
      ...names.filter(name => before.has(name)),
      ...(triggers ? ['Triggers'] : []),
      ...(sources ? ['PingSources'] : []),
    ]
    const lines = [
      { what: restarted, change: 'restarted with the new manifests' },
      { what: names.filter(name => !before.has(name)), change: 'added' },
      { what: removed, change: 'removed' },
    ].filter(({ what }) => what.length > 0)
    if (lines.length === 0) return
    await apply(next, changes)
    current = next
    for (const { what, change } of lines) terminal.say(`  ↻ ${what.join(', ')}: ${change}`)
  }

  return watchCheckout(
    { root, manifestRoot },
    async changes => {
      if (changes.sources) await sourcesChanged()
      if (changes.manifests) await manifestsChanged()
    },
    error => terminal.warn(error.message),
  )
}

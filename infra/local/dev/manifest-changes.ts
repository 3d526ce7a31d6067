import { isDeepStrictEqual } from 'node:util'
import type { FunctionManifest, Manifests } from '../manifests/manifests.ts'

export interface ManifestChanges {
  /** New functions, and functions whose manifest has changed. */
  functions: FunctionManifest[]
  /** Names of functions that no longer exist. */
  removed: string[]
  triggers: boolean
  sources: boolean
}

/**
 * What must be restarted for changed manifests. File names and line numbers do not count, because every edit moves
 * them.
 */
export const manifestChanges = (before: Manifests, after: Manifests): ManifestChanges => {
  const same = (one: unknown, other: unknown) => isDeepStrictEqual(withoutPositions(one), withoutPositions(other))
  const known = new Map(before.functions.map(manifest => [manifest.name, manifest]))
  const names = new Set(after.functions.map(({ name }) => name))
  return {
    functions: after.functions.filter(manifest => !same(known.get(manifest.name), manifest)),
    removed: [...known.keys()].filter(name => !names.has(name)),
    triggers: !same(before.triggers, after.triggers) || !same(before.broker, after.broker),
    sources: !same(before.sources, after.sources),
  }
}

const withoutPositions = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPositions)
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key === 'line' || key === 'file' ? [] : [[key, withoutPositions(inner)]],
    ),
  )
}

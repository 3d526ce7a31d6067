import { isDeepStrictEqual } from 'node:util'
import type { FunctionManifest, Manifests } from '../manifests/manifests.ts'

export interface ManifestChanges {
  /** New functions, and those whose manifest is another. */
  functions: FunctionManifest[]
  gone: string[]
  triggers: boolean
  sources: boolean
}

/** What has to start anew for other manifests. Line numbers move with every edit and do not count. */
export const manifestChanges = (before: Manifests, after: Manifests): ManifestChanges => {
  const same = (one: unknown, other: unknown) => isDeepStrictEqual(withoutPlaces(one), withoutPlaces(other))
  const known = new Map(before.functions.map(manifest => [manifest.name, manifest]))
  const names = new Set(after.functions.map(({ name }) => name))
  return {
    functions: after.functions.filter(manifest => !same(known.get(manifest.name), manifest)),
    gone: [...known.keys()].filter(name => !names.has(name)),
    triggers: !same(before.triggers, after.triggers) || !same(before.broker, after.broker),
    sources: !same(before.sources, after.sources),
  }
}

const withoutPlaces = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPlaces)
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key === 'line' || key === 'file' ? [] : [[key, withoutPlaces(inner)]],
    ),
  )
}

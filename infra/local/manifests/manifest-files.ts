import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface ManifestText {
  /** The path as messages show it: `triggers/uptime-prober.yaml`. */
  file: string
  text: string
}

/**
 * Reads every YAML file in `knative/` and `triggers/` below `root`, except `kustomization.yaml`, which only a cluster
 * needs.
 */
export const manifestFiles = (root: string): ManifestText[] =>
  ['knative', 'triggers'].flatMap(folder => {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    return entries
      .filter(entry => entry.isFile() && /\.ya?ml$/.test(entry.name) && !/^kustomization\.ya?ml$/.test(entry.name))
      .map(entry => join(entry.parentPath, entry.name))
      .toSorted()
      .map(path => ({ file: relative(root, path), text: readFileSync(path, 'utf8') }))
  })

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { root } from '#infra/repository.ts'

/** A part of an object whose shape differs by kind. The tests check it against the CRDs. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is known only at run time.
export type Untyped = any

/** A Kubernetes object as it is in its file, and the path of that file. */
export interface Manifest {
  file: string
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  spec: Untyped
}

/**
 * The objects of every YAML file of one folder, given by its path in a checkout. Files in subfolders and
 * kustomization.yaml are left out. Throws an Error that names the file when its YAML is invalid.
 */
export const manifestsIn = (folder: string, checkout = root): Manifest[] =>
  readdirSync(join(checkout, folder))
    .filter(name => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .flatMap(name =>
      parseAllDocuments(readFileSync(join(checkout, folder, name), 'utf8')).map(document => {
        if (document.errors[0]) throw new Error(`${folder}/${name}: ${document.errors[0].message}`)
        return { file: `${folder}/${name}`, ...document.toJS({ maxAliasCount: 0 }) }
      }),
    )

/**
 * The objects that are the same on every cluster and on one machine: those of knative/ with its subfolders, and of
 * triggers/.
 */
export const knativeManifests = () =>
  ['knative', 'knative/services', 'knative/sources', 'triggers'].flatMap(folder => manifestsIn(folder))

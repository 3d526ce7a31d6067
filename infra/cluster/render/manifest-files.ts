import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

export const root = join(import.meta.dirname, '../../../')

/** A Kubernetes object as the file has it, and the file it is from. */
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
  // biome-ignore lint/suspicious/noExplicitAny: the shape differs by kind, and checking it is what the tests are for.
  spec: any
}

/** The objects of every YAML file in a folder of the repository (not below it). */
export const manifestsIn = (folder: string): Manifest[] =>
  readdirSync(join(root, folder))
    .filter(name => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .flatMap(name =>
      parseAllDocuments(readFileSync(join(root, folder, name), 'utf8')).map(document => {
        if (document.errors[0]) throw new Error(`${folder}/${name}: ${document.errors[0].message}`)
        return { file: `${folder}/${name}`, ...document.toJS({ maxAliasCount: 0 }) }
      }),
    )

/** Everything Knative is told: knative/ with its folders, and triggers/. */
export const allManifests = () => ['knative', 'knative/services', 'knative/sources', 'triggers'].flatMap(manifestsIn)

/** The folders of functions/ that have a main.ts. A folder without one is shared code. */
export const functionNames = () =>
  readdirSync(join(root, 'functions')).filter(name => existsSync(join(root, 'functions', name, 'main.ts')))

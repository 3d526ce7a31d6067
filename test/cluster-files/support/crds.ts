import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnySchemaObject } from 'ajv'
import { parseAllDocuments } from 'yaml'
import { root } from '#infra/repository.ts'

export interface Crd {
  metadata: { name: string }
  spec: {
    group: string
    scope: 'Namespaced' | 'Cluster'
    names: { kind: string; plural: string; singular?: string }
    conversion?: unknown
    versions: { name: string; served: boolean; storage: boolean; schema: { openAPIV3Schema: AnySchemaObject } }[]
  }
  status?: unknown
}

/** A CRD with its origin: a Go module and its version, or a folder. */
export interface Definition {
  from: string
  crd: Crd
}

/** By Go module: the folder of its CRDs. test/cluster-files/crds/go.sum has the versions. */
const foldersOfModules: Record<string, string> = {
  'github.com/argoproj/argo-cd/v3': 'manifests/crds',
  'github.com/bitnami-labs/sealed-secrets': 'helm/sealed-secrets/crds',
  'github.com/cert-manager/cert-manager': 'deploy/crds',
  'github.com/cloudnative-pg/cloudnative-pg': 'config/crd/bases',
  'github.com/envoyproxy/gateway': 'charts/gateway-helm/crds/generated',
  'github.com/external-secrets/external-secrets': 'config/crds/bases',
  'github.com/kedacore/keda/v2': 'config/crd/bases',
  'github.com/mongodb/mongodb-kubernetes-operator': 'config/crd/bases',
  'github.com/prometheus-operator/prometheus-operator': 'example/prometheus-operator-crd',
  'github.com/rabbitmq/cluster-operator': 'config/crd/bases',
  'github.com/tektoncd/pipeline': 'config/300-crds',
  'knative.dev/eventing': 'config/core/resources',
  'knative.dev/operator': 'config/crd/bases',
  'knative.dev/serving': 'config/core/300-resources',
  'sigs.k8s.io/gateway-api': 'config/crd/standard',
}

interface Text {
  from: string
  text: string
}

const textsIn = (from: string, folder: string): Text[] =>
  readdirSync(folder)
    .filter(name => name.endsWith('.yaml'))
    .map(name => ({ from, text: readFileSync(join(folder, name), 'utf8') }))

/** The CRD files in Go's module cache, after downloading missing modules; or the reason why that fails. */
const readModules = (): Text[] | { reason: string } => {
  const listed = [
    ...readFileSync(join(root, 'test/cluster-files/crds/go.sum'), 'utf8').matchAll(/^(\S+) ([^\s/]+) h1:/gm),
  ]
  const { error, stdout, stderr } = spawnSync(
    'go',
    ['mod', 'download', '-json', ...listed.map(([, path, version]) => `${path}@${version}`)],
    {
      cwd: join(root, 'test/cluster-files/crds'),
      // Does not download another version of Go.
      env: { ...process.env, GOFLAGS: '', GOTOOLCHAIN: 'local', GOWORK: 'off' },
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout: 300_000,
    },
  )
  if (error)
    return { reason: 'code' in error && error.code === 'ENOENT' ? 'there is no Go on PATH' : `go: ${error.message}` }
  try {
    return (JSON.parse(`[${stdout.replaceAll(/^}\n{$/gm, '},{')}]`) as Record<string, string>[]).flatMap(module => {
      if (module.Error || !module.Dir) throw new Error(module.Error)
      return textsIn(`${module.Path} ${module.Version}`, join(module.Dir, foldersOfModules[module.Path!]!))
    })
  } catch (cause) {
    return { reason: `Go's proxy: ${(cause as Error).message || stderr}`.replaceAll(/\s+/g, ' ').slice(0, 300) }
  }
}

/** A folder with CRDs, for kinds that no module has and for machines without Go. */
const folder = process.env.KNATIVE_CRDS ?? join(root, '../shared/crds')

const readFolder = (): Text[] =>
  [folder, join(folder, 'platform')].filter(path => existsSync(path)).flatMap(path => textsIn(folder, path))

const modules = readModules()
/** Why Go's modules cannot be read on this machine, for a test's title. Undefined where they can. */
export const goSkipReason = 'reason' in modules ? modules.reason : undefined

const sources = [Array.isArray(modules) ? modules : [], readFolder()]

/** Why no CRDs are available on this machine, for a test's title. Undefined where there are some. */
export const crdsSkipReason =
  sources.flat().length > 0 ? undefined : `no CRDs: ${goSkipReason}, and KNATIVE_CRDS names no folder with them`

if (crdsSkipReason) process.stderr.write(`${crdsSkipReason}\n`)

/**
 * All definitions of a kind, the newest version of a module last. The folder is used only when no module has the kind.
 * Parses only the files that contain the kind's name, because all files together have megabytes.
 */
export const definitionsOf = (group: string, kind: string): Definition[] =>
  sources
    .map(texts =>
      texts
        .filter(({ text }) => text.includes(`group: ${group}\n`) && text.includes(`kind: ${kind}\n`))
        .flatMap(({ from, text }) =>
          parseAllDocuments(text).map(document => ({ from, crd: document.toJS() as Crd | null })),
        )
        .filter((one): one is Definition => one.crd?.spec?.group === group && one.crd.spec.names.kind === kind),
    )
    .find(found => found.length > 0) ?? []

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { git } from './git.ts'

const run = promisify(execFile)

/** The objects of a revision on one kind of cluster: names by kind, and how many have the label of the version. */
export interface Rendered {
  overlay: string
  count: number
  versioned: number
  kinds: Record<string, string[]>
}

interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: { name: string; labels?: Record<string, string> }
}

/** Renders every overlay as it was at a revision, outside of the checkout. Throws an Error with kustomize's message. */
export const objectsAt = async (
  repository: string,
  revision: string,
  version: string,
  kubectl: string,
): Promise<Rendered[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-trace-'))
  try {
    const parts = ['infra/cluster', 'knative', 'triggers']
    await git(repository, ['archive', '--format=tar', `--output=${join(folder, 'tree.tar')}`, revision, ...parts])
    await run('tar', ['-x', '-f', join(folder, 'tree.tar'), '-C', folder])
    const cluster = join(folder, 'infra/cluster')
    const overlays = await overlaysIn(cluster)
    return await Promise.all(
      overlays.map(async overlay => {
        // The secrets are not in git. The names of the objects do not depend on them.
        await cp(join(cluster, overlay, '.env.example'), join(cluster, overlay, '.env')).catch(noExample)
        const { stdout } = await run(kubectl, ['kustomize', join(cluster, overlay)], { maxBuffer: 64 * 1024 * 1024 })
        return { overlay, ...summary(stdout, version) }
      }),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const noExample = (error: NodeJS.ErrnoException) => {
  if (error.code !== 'ENOENT') throw error
}

/** Overlays that are deployed include `../version`; bases, platforms and the dev loop do not. */
const overlaysIn = async (cluster: string): Promise<string[]> => {
  const names = await readdir(cluster)
  const texts = await Promise.all(
    names.map(name => readFile(join(cluster, name, 'kustomization.yaml'), 'utf8').catch(() => '')),
  )
  return names.filter((_, index) => texts[index]!.includes('- ../version')).sort()
}

const summary = (text: string, version: string): Omit<Rendered, 'overlay'> => {
  const objects = parseAllDocuments(text).map(document => document.toJS() as KubernetesObject)
  const kinds = Object.entries(Object.groupBy(objects, kindOf)).map(
    ([kind, group = []]) => [kind, group.map(({ metadata }) => metadata.name)] as const,
  )
  const versioned = objects.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/version'] === version)
  return { count: objects.length, versioned: versioned.length, kinds: Object.fromEntries(kinds) }
}

/** Kubernetes and Knative both have a kind Service. */
const kindOf = ({ apiVersion, kind }: KubernetesObject) =>
  apiVersion.startsWith('serving.knative.dev/') && kind === 'Service' ? 'Knative Service' : kind

/** An object that exists on a cluster, with the revision in its annotation. */
export interface DeployedObject {
  kind: string
  name: string
  revision: string
}

/**
 * The Knative Services and Jobs of a cluster that have the label of the version. Throws an Error with kubectl's
 * message.
 */
export const deployedObjects = async (kubectl: string, context: string, version: string): Promise<DeployedObject[]> => {
  const selector = `app.kubernetes.io/part-of=vigia,app.kubernetes.io/version=${version}`
  const what = 'services.serving.knative.dev,jobs.batch'
  const args = ['--context', context, 'get', what, '--all-namespaces', '--selector', selector, '--output', 'json']
  const { stdout } = await run(kubectl, args, { maxBuffer: 64 * 1024 * 1024 })
  const { items } = JSON.parse(stdout) as {
    items: (KubernetesObject & { metadata: { annotations?: Record<string, string> } })[]
  }
  return items.map(one => ({
    kind: kindOf(one),
    name: one.metadata.name,
    revision: one.metadata.annotations?.['vigia.dev/revision'] ?? 'unknown',
  }))
}

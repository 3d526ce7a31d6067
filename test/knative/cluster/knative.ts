import { glob, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { parseManifests } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { until } from '#test/support/until.ts'
import { apply, kubectl, list } from './kubectl.ts'
import { nodeAddress } from './layout.ts'
import { moduleFolder } from './programs.ts'

/**
 * The YAML files of each Go module. Networking and caching are listed because Serving's module does not contain their
 * files: its repository has symbolic links to them, and Go leaves symbolic links out of a module.
 */
const files = {
  'knative.dev/caching': ['config/image.yaml'],
  'knative.dev/networking': ['config/*.yaml'],
  'knative.dev/serving': ['config/core/**/*.yaml'],
  'knative.dev/eventing': [
    'config/core/**/*.yaml',
    'config/channels/in-memory-channel/**/*.yaml',
    'config/brokers/mt-channel-broker/**/*.yaml',
    'third_party/eventing-integrations-latest/*.yaml',
  ],
}

/** Deployments of features that Vigia does not use. Their programs are not compiled. */
const unused = ['request-reply', 'job-sink']

/** The objects of Knative Serving and Eventing. Go downloads the modules that are missing. */
export const knativeObjects = async (): Promise<KubeObject[]> => {
  const objects = await Promise.all(Object.entries(files).map(([path, globs]) => objectsOf(path, globs)))
  const settings = await operatorSettings()
  return objects.flat().map(object => adapt(object, settings))
}

/** Applies the objects of Knative: first the namespaces and kinds that the others need. */
export const installKnative = async (objects: KubeObject[]): Promise<void> => {
  const isFirst = ({ kind }: KubeObject) => ['Namespace', 'CustomResourceDefinition'].includes(kind)
  await apply(objects.filter(isFirst))
  await kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=120s'])
  await apply(objects.filter(object => !isFirst(object)))
}

/** Waits until the Deployments of Knative are available and the API server calls Knative's webhooks. */
export const waitForKnative = async (): Promise<void> => {
  for (const namespace of ['knative-serving', 'knative-eventing'])
    await kubectl([
      ...['wait', 'deployment', '--all', '--namespace', namespace],
      ...['--for=condition=Available', '--timeout=240s'],
    ])
  await refreshWebhooks()
}

const webhookKinds = 'mutatingwebhookconfigurations,validatingwebhookconfigurations'

/**
 * Waits until Knative has written its rules to the webhook configurations, and then changes the configurations once
 * more. When a configuration changes while kube-apiserver reads it, kube-apiserver can keep the old rules until the
 * next change, and then Eventing's defaults would be missing.
 */
const refreshWebhooks = async (): Promise<void> => {
  const isWritten = ({ webhooks }: KubeObject) =>
    webhooks.every(({ clientConfig }: { clientConfig: { caBundle?: string } }) => clientConfig.caBundle)
  await until(async () => (await list(webhookKinds)).every(isWritten), {
    what: "the rules of Knative's webhooks",
    timeoutMs: 120_000,
  })
  await kubectl(['annotate', webhookKinds, '--all', 'vigia.dev/refreshed=yes'])
}

/** The objects in these YAML files of a Go module in Go's cache, without autoscalers and disruption budgets. */
export const objectsOf = async (path: string, globs: string[], goModule?: string): Promise<KubeObject[]> => {
  const folder = await moduleFolder(path, goModule)
  const names = (await Array.fromAsync(glob(globs, { cwd: folder }))).sort()
  const texts = await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))
  return texts
    .flatMap(text => parseAllDocuments(text).map(document => document.toJS() as KubeObject | null))
    .filter((object): object is KubeObject => object !== null)
    .filter(
      ({ kind, metadata }) =>
        !['HorizontalPodAutoscaler', 'PodDisruptionBudget'].includes(kind) && !unused.includes(metadata.name),
    )
}

type Settings = Record<string, Record<string, string>>

/** What infra/cluster/minikube/platform tells Knative's operator to write to Serving's ConfigMaps. */
const operatorSettings = async (): Promise<Settings> => {
  const folder = join(root, 'infra/cluster/minikube/platform')
  const serving = parseManifests(await kustomize(folder), folder).find(({ kind }) => kind === 'KnativeServing')
  return (serving as unknown as { spec: { config: Settings } }).spec.config
}

const imageOf = (text: string): string => {
  const [, project, path] = /^ko:\/\/knative\.dev\/(\w+)\/cmd\/(.+)$/.exec(text)!
  return knativeImage(project!, basename(path!))
}

/** The name of the image of a program of Serving or Eventing. */
export const knativeImage = (project: string, program: string): string =>
  `dev.local/knative-${project}-${program.replaceAll('_', '-')}:test`

/** Changes the images, the settings, the requested CPU and the probe timeouts; everything else stays as released. */
const adapt = (object: KubeObject, settings: Settings): KubeObject => {
  const adapted = JSON.parse(JSON.stringify(object), (_, value) =>
    typeof value === 'string' && value.startsWith('ko://') ? imageOf(value) : value,
  ) as KubeObject
  if (adapted.kind === 'ConfigMap' && adapted.metadata.namespace === 'knative-serving')
    adapted.data = { ...adapted.data, ...servingSettings(adapted.metadata.name, settings) }
  fitToTwoCores(adapted)
  return adapted
}

/** Lowers the CPU requests of a Deployment, and gives its probes more time. Other objects stay as they are. */
export const fitToTwoCores = ({ kind, spec }: KubeObject): void => {
  if (kind !== 'Deployment') return
  for (const container of spec.template.spec.containers) {
    if (container.resources?.requests?.cpu) container.resources.requests.cpu = '5m'
    // In Knative's release, a probe of a webhook fails if the response takes longer than a second, which happens on a
    // busy machine. After a few failures, Kubernetes restarts the webhook or sends it no requests.
    for (const probe of [container.livenessProbe, container.readinessProbe]) if (probe) probe.timeoutSeconds = 10
    if (container.livenessProbe) container.livenessProbe.periodSeconds = 10
  }
}

const servingSettings = (name: string, settings: Settings): Record<string, string> => ({
  ...settings[name.replace('config-', '')],
  // run.sh makes the domain from the address of minikube in the same way.
  ...(name === 'config-domain' ? { [`${nodeAddress}.sslip.io`]: '' } : {}),
})

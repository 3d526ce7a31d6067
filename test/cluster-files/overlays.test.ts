import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { knativeManifests, type Manifest } from '#infra/cluster/render/manifest-files.ts'
import {
  copyClusterFiles,
  type Overlay,
  overlays,
  parseManifests,
  renderOverlay,
} from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { maxDemand, quantity, quotaOf } from '#test/cluster-files/support/capacity.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import {
  imageFaults,
  orderFaults,
  podSecurityFaults,
  podSpecs,
  releaseFaults,
  waveFaults,
} from '#test/cluster-files/support/overlay-rules.ts'
import { imageOf, revision, version } from '#test/cluster-files/support/release.ts'
import { faultsOfAll } from '#test/cluster-files/support/strict-schemas.ts'

describe.each(overlays)('%s', overlay => {
  test.skipIf(crdsSkipReason)(
    `every object of a kind with a CRD is valid and has no unknown field${crdsSkipReason ? ` (skipped: ${crdsSkipReason})` : ''}`,
    async () => expect(faultsOfAll(await renderOverlay(overlay))).toEqual([]),
  )

  test('every object is in the namespace vigia, except the Namespace itself', async () => {
    const outside = (await renderOverlay(overlay)).filter(({ metadata }) => metadata.namespace !== 'vigia')
    expect(outside.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['Namespace vigia'])
  })

  test('the namespace admits no pod that could become root', async () => {
    const namespace = (await renderOverlay(overlay)).find(({ kind }) => kind === 'Namespace')!
    expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' })
  })

  test('no two objects have the same kind and name', async () => {
    const ids = (await renderOverlay(overlay)).map(one => `${one.apiVersion} ${one.kind} ${one.metadata.name}`)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  test('every function and the migrations run the image of the release; other images have a fixed tag', async () => {
    const objects = await renderOverlay(overlay)
    expect(imageFaults(objects, imageOf(overlay))).toEqual([])
    const ours = JSON.stringify(objects).split(JSON.stringify(imageOf(overlay))).length - 1
    expect(ours).toBe(readdirSync(join(root, 'knative/services')).length + 1)
  })

  test('every object and its pods name the version and the revision; a new release restarts no database', async () =>
    expect(releaseFaults(await renderOverlay(overlay), version, revision)).toEqual([]))

  test('pods satisfy the level "restricted" and have a read-only root file system', async () =>
    expect(podSecurityFaults(await renderOverlay(overlay))).toEqual([]))

  test('no object comes in an earlier sync wave than the objects to which it refers', async () =>
    expect(waveFaults(await renderOverlay(overlay))).toEqual([]))

  test('one apply creates an object after the objects to which it refers', async () =>
    expect(orderFaults(await renderOverlay(overlay))).toEqual([]))

  test('the quota has room for every max-scale during a rollout, and is at most 1.5 times that size', async () => {
    const objects = await renderOverlay(overlay)
    const allowed = quotaOf(objects)
    for (const [name, most] of Object.entries(maxDemand(objects))) {
      expect(allowed[name], name).toBeGreaterThanOrEqual(most)
      expect(allowed[name], name).toBeLessThanOrEqual(1.5 * most)
    }
  })

  test('a node can be drained: no PodDisruptionBudget needs all pods of a server', async () => {
    const objects = await renderOverlay(overlay)
    // The number of pods of each server. The key is the name that the operators set in the labels of the pods.
    const pods = new Map<string, number>(
      objects.flatMap(({ kind, metadata, spec }) => {
        if (kind === 'StatefulSet') return [[metadata.name, spec.replicas]]
        if (kind === 'RabbitmqCluster') return [[metadata.name, spec.replicas]]
        return kind === 'MongoDBCommunity' ? [[`${metadata.name}-svc`, spec.members]] : []
      }),
    )
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'PodDisruptionBudget'))
      for (const value of Object.values(spec.selector.matchLabels as Record<string, string>))
        expect(pods.get(value), `${metadata.name} ${value}`).toBeGreaterThan(spec.maxUnavailable)
  })

  test('no container exceeds the maximum of the LimitRange', async () => {
    const objects = await renderOverlay(overlay)
    const [{ max }] = objects.find(({ kind }) => kind === 'LimitRange')!.spec.limits
    for (const { limits } of objects.flatMap(podSpecs).flatMap(({ containers }) => containers.map(resourcesOf)))
      expect(quantity(limits.memory)).toBeLessThanOrEqual(quantity(max.memory))
  })

  test('objects of knative/ and triggers/ change only in the fields that this test knows', async () => {
    const objects = await renderOverlay(overlay)
    for (const source of knativeManifests()) {
      const one = objects.find(
        ({ apiVersion, kind, metadata }) =>
          apiVersion === source.apiVersion && kind === source.kind && metadata.name === source.metadata.name,
      )
      expect({ ...withoutOverlay(one!, overlay), file: '' }, source.file).toEqual({ ...source, file: '' })
    }
  })
})

const resourcesOf = ({ resources }: { resources: { limits: { memory: string } } }) => resources

/** Annotations that an overlay may add to an object of knative/ or triggers/. */
const added: Record<Overlay, string[]> = {
  minikube: ['messaging.knative.dev/async-handler'],
  gke: ['autoscaling.eventing.knative.dev/', 'keda.autoscaling.knative.dev/', 'kafka.eventing.knative.dev/'],
  onprem: ['rabbitmq.eventing.knative.dev/'],
}

/**
 * Undoes the changes that an overlay may make: the release, the sync waves, the broker's class, and what only this
 * cluster needs.
 */
const withoutOverlay = (object: Manifest, overlay: Overlay): Manifest => {
  const one = structuredClone(object)
  const ours = ['argocd.argoproj.io/', 'vigia.dev/revision', 'eventing.knative.dev/broker.class', ...added[overlay]]
  const strip = (metadata: Pick<Manifest['metadata'], 'labels' | 'annotations'>) => {
    delete metadata.labels?.['app.kubernetes.io/version']
    for (const key of Object.keys(metadata.annotations ?? {}))
      if (ours.some(prefix => key.startsWith(prefix))) delete metadata.annotations![key]
    for (const key of ['labels', 'annotations'] as const)
      if (Object.keys(metadata[key] ?? {}).length === 0) delete metadata[key]
  }
  strip(one.metadata)
  if (one.kind === 'Broker') delete one.spec.config
  if (one.kind === 'Service') {
    strip(one.spec.template.metadata)
    one.spec.template.spec.containers[0].image = 'vigia'
    // Prometheus scrapes pods, so gke and onprem always keep one (scaling.test.ts).
    if (overlay !== 'minikube' && one.metadata.name === 'database-metrics')
      one.spec.template.metadata.annotations['autoscaling.knative.dev/min-scale'] = '0'
    // minikube lowers max-scale, because it runs on a laptop.
    if (overlay === 'minikube') {
      const source = knativeManifests().find(
        ({ kind, metadata }) => kind === 'Service' && metadata.name === one.metadata.name,
      )
      const key = 'autoscaling.knative.dev/max-scale'
      const scale = one.spec.template.metadata.annotations
      if (Number(scale[key]) < Number(source!.spec.template.metadata.annotations[key]))
        scale[key] = source!.spec.template.metadata.annotations[key]
    }
  }
  return one
}

test.each(['LimitRange', 'ServiceAccount', 'Secret', 'Broker', 'SinkBinding'])(
  'a %s that comes too late is a fault',
  async kind => {
    const objects = await renderOverlay('minikube')
    const late = objects.filter(one => one.kind === kind)
    expect(orderFaults([...objects.filter(one => one.kind !== kind), ...late]).join('\n')).toContain(
      `comes before ${kind} ${late.at(-1)!.metadata.name}`,
    )
  },
)

test('the overlay of the dev loop creates its objects in the same order', async () => {
  const copy = await copyClusterFiles()
  try {
    expect(orderFaults(parseManifests(await kustomize(join(copy, 'infra/cluster/dev')), 'dev'))).toEqual([])
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
})

describe('the broker', () => {
  const broker = async (overlay: Overlay) => (await renderOverlay(overlay)).find(({ kind }) => kind === 'Broker')!
  const classOf = async (overlay: Overlay) =>
    (await broker(overlay)).metadata.annotations?.['eventing.knative.dev/broker.class']

  test('of gke and of onprem is of a class that keeps events, and its configuration exists', async () => {
    expect([await classOf('gke'), await classOf('onprem')]).toEqual(['Kafka', 'RabbitMQBroker'])
    for (const overlay of ['gke', 'onprem'] as const) {
      const { kind, name, namespace } = (await broker(overlay)).spec.config
      const found = (await renderOverlay(overlay)).filter(one => one.kind === kind && one.metadata.name === name)
      expect(found.map(({ metadata }) => metadata.namespace)).toEqual([namespace])
    }
  })

  test('of minikube answers a producer before every function is done', async () => {
    expect(await classOf('minikube')).toBe('MTChannelBasedBroker')
    expect((await broker('minikube')).metadata.annotations).toMatchObject({
      'messaging.knative.dev/async-handler': 'true',
    })
  })
})

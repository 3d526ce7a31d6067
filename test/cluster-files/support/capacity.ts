import type { Manifest, Untyped } from '#infra/cluster/render/manifest-files.ts'

/** Amounts by the names that a ResourceQuota uses: cores, bytes or numbers of objects. */
export type ResourceAmounts = Record<string, number>

const units: Record<string, number> = { m: 1e-3, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }

/** Parses a quantity of Kubernetes (`250m`, `1Gi`, `2`) to a number of cores, bytes or objects. */
export const quantity = (text: string): number => {
  const [, digits, unit = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(text) ?? []
  const factor = unit === '' ? 1 : units[unit]
  if (digits === undefined || factor === undefined) throw new Error(`${text} is not a quantity`)
  return Number(digits) * factor
}

const total = (parts: ResourceAmounts[]): ResourceAmounts => {
  const all: ResourceAmounts = {}
  for (const part of parts) for (const [name, amount] of Object.entries(part)) all[name] = (all[name] ?? 0) + amount
  return all
}

const times = (count: number, amounts: ResourceAmounts): ResourceAmounts =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, count * amount]))

/**
 * The amounts of a pod with these containers. The LimitRange has the defaults of containers without requests or limits.
 */
const podAmounts = (containers: Untyped[], range: Untyped): ResourceAmounts =>
  total([
    { pods: 1 },
    ...containers.map(({ resources = {} }) => ({
      'requests.cpu': quantity(resources.requests?.cpu ?? range.defaultRequest.cpu),
      'requests.memory': quantity(resources.requests?.memory ?? range.defaultRequest.memory),
      'limits.memory': quantity(resources.limits?.memory ?? range.default.memory),
    })),
  ])

const claimAmounts = (size: string): ResourceAmounts => ({
  persistentvolumeclaims: 1,
  'requests.storage': quantity(size),
})
const claimsOf = (templates: Untyped[] = []) =>
  templates.map(({ spec }) => claimAmounts(spec.resources.requests.storage))

// Knative's default for the queue-proxy in each pod of a function.
const queueProxy = { resources: { requests: { cpu: '25m' } } }

// The container that archives the write-ahead log of each PostgreSQL server:
// infra/cluster/gke/platform/backup-store.yaml.
const barman = { resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } } }

const dispatcher = (annotations: Record<string, string> = {}) => {
  const annotation = (name: string) => annotations[`rabbitmq.eventing.knative.dev/${name}`]
  return {
    resources: {
      requests: { cpu: annotation('cpu-request'), memory: annotation('memory-request') },
      limits: { memory: annotation('memory-limit') },
    },
  }
}

/** The annotations of the Trigger whose dispatcher a ScaledObject scales. */
const annotationsOfScaledTrigger = ({ spec }: Manifest, all: Manifest[]) =>
  all.find(({ kind, metadata }) => kind === 'Trigger' && `${metadata.name}-dispatcher` === spec.scaleTargetRef.name)
    ?.metadata.annotations

const demandOf = (manifest: Manifest, all: Manifest[], range: Untyped): ResourceAmounts[] => {
  const onRabbit = all.some(({ kind }) => kind === 'RabbitmqCluster')
  const { spec } = manifest
  switch (manifest.kind) {
    case 'Service': {
      if (!manifest.apiVersion.startsWith('serving.')) return []
      const maxScale = Number(spec.template.metadata.annotations['autoscaling.knative.dev/max-scale'])
      // A rollout has two revisions.
      return [times(2 * maxScale, podAmounts([...spec.template.spec.containers, queueProxy], range))]
    }
    case 'StatefulSet':
      return [
        times(spec.replicas, podAmounts(spec.template.spec.containers, range)),
        ...claimsOf(spec.volumeClaimTemplates).map(each => times(spec.replicas, each)),
      ]
    case 'Job':
      return [podAmounts(spec.template.spec.containers, range)]
    case 'CronJob':
      return [podAmounts(spec.jobTemplate.spec.template.spec.containers, range)]
    case 'PersistentVolumeClaim':
      return [claimAmounts(spec.resources.requests.storage)]
    case 'Cluster':
      // The factor 2: a recovered Cluster runs beside the old one. The 1: the pod that recovers a server.
      return [
        times(2 * spec.instances + 1, podAmounts([{ resources: spec.resources }, barman], range)),
        ...[spec.storage, spec.walStorage].map(({ size }) => times(2 * spec.instances + 1, claimAmounts(size))),
      ]
    case 'MongoDBCommunity':
      return [
        times(spec.members, podAmounts(spec.statefulSet.spec.template.spec.containers, range)),
        // The operator adds a volume of two gigabytes for logs.
        ...[...claimsOf(spec.statefulSet.spec.volumeClaimTemplates), claimAmounts('2G')].map(each =>
          times(spec.members, each),
        ),
      ]
    case 'RabbitmqCluster':
      return [
        times(spec.replicas, podAmounts([{ resources: spec.resources }], range)),
        times(spec.replicas, claimAmounts(spec.persistence.storage)),
      ]
    case 'Trigger':
      // One dispatcher for its events, and one for its dead letters.
      return onRabbit ? [times(2, podAmounts([dispatcher(manifest.metadata.annotations)], range))] : []
    case 'ScaledObject':
      // The demand of the Trigger contains the first dispatcher.
      return onRabbit
        ? [times(spec.maxReplicaCount - 1, podAmounts([dispatcher(annotationsOfScaledTrigger(manifest, all))], range))]
        : []
    case 'Broker':
      // The pod that receives events, and the dispatcher of dead letters.
      return onRabbit ? [times(2, podAmounts([dispatcher(manifest.metadata.annotations)], range))] : []
    default:
      return []
  }
}

/** What the namespace needs at most: functions at their max-scale during a rollout, databases and brokers. */
export const maxDemand = (objects: Manifest[]): ResourceAmounts => {
  const [range] = objects.find(({ kind }) => kind === 'LimitRange')!.spec.limits
  return total(objects.flatMap(manifest => demandOf(manifest, objects, range)))
}

/** The limits of the ResourceQuota. */
export const quotaOf = (objects: Manifest[]): ResourceAmounts =>
  Object.fromEntries(
    Object.entries(objects.find(({ kind }) => kind === 'ResourceQuota')!.spec.hard as Record<string, string>).map(
      ([name, text]) => [name, quantity(text)],
    ),
  )

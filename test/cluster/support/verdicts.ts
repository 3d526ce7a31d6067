import type { KubeObject } from './cluster-client.ts'
import { missingFor } from './needs.ts'
import { kindOf, type World } from './world.ts'

type Status = Record<string, unknown>

const conditions = (object: KubeObject, missing: string[], types: string[]) =>
  types.map(type => ({
    type,
    status: missing.length === 0 ? 'True' : 'False',
    reason: missing.length === 0 ? 'Fine' : 'Missing',
    message: missing.length === 0 ? '' : `not there: ${missing.join(', ')}`,
    lastTransitionTime: object.metadata.creationTimestamp,
  }))

const observed = (object: KubeObject) => ({ observedGeneration: object.metadata.generation ?? 1 })

/** The controllers' usual word: these conditions, true once everything the object refers to is there. */
const ready =
  (types: string[] = ['Ready'], more: (object: KubeObject) => Status = () => ({})) =>
  (object: KubeObject, world: World): Status => {
    const missing = missingFor(object, world)
    return {
      ...observed(object),
      conditions: conditions(object, missing, types),
      ...(missing.length === 0 ? more(object) : {}),
    }
  }

const inCluster = ({ metadata }: KubeObject) => `${metadata.name}.${metadata.namespace}.svc.cluster.local`

const service = ready(['Ready', 'ConfigurationsReady', 'RoutesReady'], object => {
  const local = object.metadata.labels?.['networking.knative.dev/visibility'] === 'cluster-local'
  const host = local ? inCluster(object) : `${object.metadata.name}.${object.metadata.namespace}.example.org`
  const revision = `${object.metadata.name}-${String(object.metadata.generation).padStart(5, '0')}`
  return {
    url: `http://${host}`,
    address: { url: `http://${inCluster(object)}` },
    latestCreatedRevisionName: revision,
    latestReadyRevisionName: revision,
  }
})

const replicas = (object: KubeObject, missing: string[]) => {
  const wanted = object.spec.replicas ?? 1
  return { replicas: wanted, updatedReplicas: wanted, readyReplicas: missing.length === 0 ? wanted : 0 }
}

const statefulSet = (object: KubeObject, world: World): Status => {
  const count = replicas(object, missingFor(object, world))
  const revision = `${object.metadata.name}-${object.metadata.generation}`
  return {
    ...observed(object),
    ...count,
    availableReplicas: count.readyReplicas,
    currentReplicas: count.replicas,
    currentRevision: revision,
    updateRevision: revision,
    collisionCount: 0,
  }
}

const deployment = (object: KubeObject, world: World): Status => {
  const missing = missingFor(object, world)
  const count = replicas(object, missing)
  return {
    ...observed(object),
    ...count,
    availableReplicas: count.readyReplicas,
    unavailableReplicas: count.replicas - count.readyReplicas,
    conditions: conditions(object, missing, ['Available']),
  }
}

/** A Job whose pod finds everything runs once and succeeds; one whose pod does not waits. */
const job = (object: KubeObject, world: World): Status => {
  if (object.status?.completionTime) return {}
  const missing = missingFor(object, world)
  const at = object.metadata.creationTimestamp
  if (missing.length > 0) return { startTime: at, active: 1, ready: 0 }
  return {
    startTime: at,
    completionTime: at,
    active: 0,
    ready: 0,
    succeeded: 1,
    // The API server takes Complete only beside SuccessCriteriaMet.
    conditions: conditions(object, missing, ['SuccessCriteriaMet', 'Complete']),
  }
}

const quota = (object: KubeObject): Status => ({
  hard: object.spec.hard,
  // Admission counts on from here; what is deleted is given back by nobody.
  used: object.status?.used ?? Object.fromEntries(Object.keys(object.spec.hard).map(name => [name, '0'])),
})

const claim = ({ spec }: KubeObject): Status => ({
  phase: 'Bound',
  accessModes: spec.accessModes,
  capacity: { storage: spec.resources.requests.storage },
})

const budget = (object: KubeObject): Status => ({
  ...observed(object),
  currentHealthy: 1,
  desiredHealthy: 1,
  disruptionsAllowed: 0,
  expectedPods: 1,
  conditions: conditions(object, [], ['DisruptionAllowed']),
})

const mongodb = (object: KubeObject, world: World): Status => ({
  phase: missingFor(object, world).length === 0 ? 'Running' : 'Pending',
  mongoUri: `mongodb://${object.metadata.name}-svc.${object.metadata.namespace}.svc.cluster.local`,
  currentMongoDBMembers: object.spec.members,
  currentStatefulSetReplicas: object.spec.members,
})

const cnpg = ready(['Ready'], object => ({
  phase: 'Cluster in healthy state',
  instances: object.spec.instances,
  readyInstances: object.spec.instances,
}))

const verdicts: Record<string, (object: KubeObject, world: World) => Status> = {
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'batch/Job': job,
  'bitnami.com/SealedSecret': ready(['Synced']),
  'cert-manager.io/Certificate': ready(),
  'cert-manager.io/ClusterIssuer': ready(),
  'cert-manager.io/Issuer': ready(),
  'eventing.knative.dev/Broker': ready(['Ready'], ({ metadata }) => ({
    address: { url: `http://broker-ingress.knative-eventing.svc.cluster.local/${metadata.namespace}/${metadata.name}` },
  })),
  'eventing.knative.dev/Trigger': ready(),
  'external-secrets.io/ClusterSecretStore': ready(),
  'external-secrets.io/ExternalSecret': ready(),
  'external-secrets.io/SecretStore': ready(),
  'gateway.networking.k8s.io/Gateway': object => ({ conditions: conditions(object, [], ['Accepted', 'Programmed']) }),
  'keda.sh/ScaledObject': ready(),
  'mongodbcommunity.mongodb.com/MongoDBCommunity': mongodb,
  'operator.knative.dev/KnativeEventing': ready(),
  'operator.knative.dev/KnativeServing': ready(),
  'postgresql.cnpg.io/Cluster': cnpg,
  'rabbitmq.com/RabbitmqCluster': ready(['AllReplicasReady', 'ClusterAvailable', 'ReconcileSuccess']),
  PersistentVolumeClaim: claim,
  'policy/PodDisruptionBudget': budget,
  ResourceQuota: quota,
  'serving.knative.dev/DomainMapping': ready(),
  'serving.knative.dev/Service': service,
  'sources.knative.dev/PingSource': ready(),
  'sources.knative.dev/SinkBinding': ready(),
}

/** The kinds whose status somebody sets. */
export const judgedKinds = Object.keys(verdicts)

/** The status this object's controller would write, as far as `kubectl wait` and our scripts look; undefined for kinds without one. */
export const verdict = (object: KubeObject, world: World): Status | undefined =>
  verdicts[kindOf(object)]?.(object, world)

/** Whether everything in `wanted` is in `actual`, which may have more; the API server leaves some fields away that say nothing. */
export const holds = (actual: unknown, wanted: unknown): boolean => {
  if (actual === undefined) return wanted === 0 || wanted === ''
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted
  if (typeof actual !== 'object' || actual === null) return false
  if (Array.isArray(wanted) && (!Array.isArray(actual) || actual.length !== wanted.length)) return false
  return Object.entries(wanted).every(([key, value]) => holds((actual as Record<string, unknown>)[key], value))
}

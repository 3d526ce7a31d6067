import type { KubeObject } from './cluster-client.ts'
import { missingRefs } from './missing-refs.ts'
import { type ClusterState, kindOf } from './state.ts'

type Status = Record<string, unknown>

const conditions = (object: KubeObject, missing: string[], types: string[]) =>
  types.map(type => ({
    type,
    status: missing.length === 0 ? 'True' : 'False',
    reason: missing.length === 0 ? 'Complete' : 'Missing',
    message: missing.length === 0 ? '' : `missing: ${missing.join(', ')}`,
    lastTransitionTime: object.metadata.creationTimestamp,
  }))

const observedGeneration = (object: KubeObject) => ({ observedGeneration: object.metadata.generation ?? 1 })

/** The usual status: these conditions, which are true when nothing to which the object refers is missing. */
const readyWhenComplete =
  (types: string[] = ['Ready'], more: (object: KubeObject) => Status = () => ({})) =>
  (object: KubeObject, state: ClusterState): Status => {
    const missing = missingRefs(object, state)
    return {
      ...observedGeneration(object),
      conditions: conditions(object, missing, types),
      ...(missing.length === 0 ? more(object) : {}),
    }
  }

const inCluster = ({ metadata }: KubeObject) => `${metadata.name}.${metadata.namespace}.svc.cluster.local`

const service = readyWhenComplete(['Ready', 'ConfigurationsReady', 'RoutesReady'], object => {
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

const statefulSet = (object: KubeObject, state: ClusterState): Status => {
  const count = replicas(object, missingRefs(object, state))
  const revision = `${object.metadata.name}-${object.metadata.generation}`
  return {
    ...observedGeneration(object),
    ...count,
    availableReplicas: count.readyReplicas,
    currentReplicas: count.replicas,
    currentRevision: revision,
    updateRevision: revision,
    collisionCount: 0,
  }
}

const deployment = (object: KubeObject, state: ClusterState): Status => {
  const missing = missingRefs(object, state)
  const count = replicas(object, missing)
  return {
    ...observedGeneration(object),
    ...count,
    availableReplicas: count.readyReplicas,
    unavailableReplicas: count.replicas - count.readyReplicas,
    conditions: conditions(object, missing, ['Available']),
  }
}

/** A Job succeeds at once when nothing is missing for its pod. Otherwise it waits. */
const job = (object: KubeObject, state: ClusterState): Status => {
  if (object.status?.completionTime) return {}
  const missing = missingRefs(object, state)
  const at = object.metadata.creationTimestamp
  if (missing.length > 0) return { startTime: at, active: 1, ready: 0 }
  return {
    startTime: at,
    completionTime: at,
    active: 0,
    ready: 0,
    succeeded: 1,
    // The API server accepts Complete only together with SuccessCriteriaMet.
    conditions: conditions(object, missing, ['SuccessCriteriaMet', 'Complete']),
  }
}

const quota = (object: KubeObject): Status => ({
  hard: object.spec.hard,
  // The API server's admission adds to these amounts. No controller subtracts what is deleted.
  used: object.status?.used ?? Object.fromEntries(Object.keys(object.spec.hard).map(name => [name, '0'])),
})

const claim = ({ spec }: KubeObject): Status => ({
  phase: 'Bound',
  accessModes: spec.accessModes,
  capacity: { storage: spec.resources.requests.storage },
})

const budget = (object: KubeObject): Status => ({
  ...observedGeneration(object),
  currentHealthy: 1,
  desiredHealthy: 1,
  disruptionsAllowed: 0,
  expectedPods: 1,
  conditions: conditions(object, [], ['DisruptionAllowed']),
})

const mongodb = (object: KubeObject, state: ClusterState): Status => ({
  phase: missingRefs(object, state).length === 0 ? 'Running' : 'Pending',
  mongoUri: `mongodb://${object.metadata.name}-svc.${object.metadata.namespace}.svc.cluster.local`,
  currentMongoDBMembers: object.spec.members,
  currentStatefulSetReplicas: object.spec.members,
})

const cnpg = readyWhenComplete(['Ready'], object => ({
  phase: 'Cluster in healthy state',
  instances: object.spec.instances,
  readyInstances: object.spec.instances,
}))

const statusByKind: Record<string, (object: KubeObject, state: ClusterState) => Status> = {
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'batch/Job': job,
  'bitnami.com/SealedSecret': readyWhenComplete(['Synced']),
  'cert-manager.io/Certificate': readyWhenComplete(),
  'cert-manager.io/ClusterIssuer': readyWhenComplete(),
  'cert-manager.io/Issuer': readyWhenComplete(),
  'eventing.knative.dev/Broker': readyWhenComplete(['Ready'], ({ metadata }) => ({
    address: { url: `http://broker-ingress.knative-eventing.svc.cluster.local/${metadata.namespace}/${metadata.name}` },
  })),
  'eventing.knative.dev/Trigger': readyWhenComplete(),
  'external-secrets.io/ClusterSecretStore': readyWhenComplete(),
  'external-secrets.io/ExternalSecret': readyWhenComplete(),
  'external-secrets.io/SecretStore': readyWhenComplete(),
  'gateway.networking.k8s.io/Gateway': object => ({ conditions: conditions(object, [], ['Accepted', 'Programmed']) }),
  'keda.sh/ScaledObject': readyWhenComplete(),
  'mongodbcommunity.mongodb.com/MongoDBCommunity': mongodb,
  'operator.knative.dev/KnativeEventing': readyWhenComplete(),
  'operator.knative.dev/KnativeServing': readyWhenComplete(),
  'postgresql.cnpg.io/Cluster': cnpg,
  'rabbitmq.com/RabbitmqCluster': readyWhenComplete(['AllReplicasReady', 'ClusterAvailable', 'ReconcileSuccess']),
  PersistentVolumeClaim: claim,
  'policy/PodDisruptionBudget': budget,
  ResourceQuota: quota,
  'serving.knative.dev/DomainMapping': readyWhenComplete(),
  'serving.knative.dev/Service': service,
  'sources.knative.dev/PingSource': readyWhenComplete(),
  'sources.knative.dev/SinkBinding': readyWhenComplete(),
}

/** The kinds that get a status. */
export const kindsWithStatus = Object.keys(statusByKind)

/**
 * The status that the object's controller would write, with the fields that `kubectl wait` and our scripts read.
 * Undefined for kinds without a status.
 */
export const statusFor = (object: KubeObject, state: ClusterState): Status | undefined =>
  statusByKind[kindOf(object)]?.(object, state)

/**
 * Whether `actual` has everything in `wanted`. A missing field equals 0 and '', because the API server omits empty
 * fields.
 */
export const contains = (actual: unknown, wanted: unknown): boolean => {
  if (actual === undefined) return wanted === 0 || wanted === ''
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted
  if (typeof actual !== 'object' || actual === null) return false
  if (Array.isArray(wanted) && (!Array.isArray(actual) || actual.length !== wanted.length)) return false
  return Object.entries(wanted).every(([key, value]) => contains((actual as Record<string, unknown>)[key], value))
}

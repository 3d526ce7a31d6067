import type { Untyped } from '#infra/cluster/render/manifest-files.ts'
import type { KubeObject } from './cluster-client.ts'
import { type ClusterState, keyOf, kindOf } from './state.ts'

interface Reference {
  kind: string
  name: string
  /** By default the namespace of the object itself. Empty for objects of the whole cluster. */
  namespace?: string
  /** A key of a Secret or ConfigMap. */
  key?: string
}

/** The references of an object to objects or keys that do not exist. While there are some, the object is not ready. */
export const missingRefs = (object: KubeObject, state: ClusterState): string[] =>
  refsOf(object).flatMap(({ kind, name, namespace = object.metadata.namespace, key }) => {
    const found = state.get(keyOf(kind, namespace, name))
    if (!found) return [`${kind} ${name}`]
    return key === undefined || found.data?.[key] !== undefined ? [] : [`${key} in ${kind} ${name}`]
  })

const refsOf = (object: KubeObject): Reference[] => {
  switch (kindOf(object)) {
    case 'apps/Deployment':
    case 'apps/StatefulSet':
    case 'batch/Job':
    case 'serving.knative.dev/Service':
      return refsOfPod(object.spec.template.spec)
    case 'eventing.knative.dev/Trigger':
      return [
        { kind: 'eventing.knative.dev/Broker', name: object.spec.broker },
        ...refsIn(object.spec.subscriber),
        ...refsIn(object.spec.delivery),
      ]
    case 'eventing.knative.dev/Broker':
      return [...toReference(object.spec?.config), ...refsIn(object.spec?.delivery)]
    case 'sources.knative.dev/PingSource':
    case 'sources.knative.dev/SinkBinding':
      return refsIn(object.spec.sink)
    case 'serving.knative.dev/DomainMapping':
      return toReference(object.spec.ref)
    case 'cert-manager.io/Certificate':
      return [issuer(object.spec.issuerRef)]
    case 'external-secrets.io/ExternalSecret':
      return [store(object.spec.secretStoreRef)]
    default:
      return []
  }
}

const refsOfPod = (spec: Untyped): Reference[] => [
  ...[...(spec.initContainers ?? []), ...spec.containers].flatMap((container: Untyped) => [
    ...(container.env ?? []).flatMap(({ valueFrom }: Untyped) => keyRefs(valueFrom)),
    ...(container.envFrom ?? []).flatMap((from: Untyped) => [
      ...objectRef('Secret', from.secretRef, from.secretRef?.name),
      ...objectRef('ConfigMap', from.configMapRef, from.configMapRef?.name),
    ]),
  ]),
  ...(spec.volumes ?? []).flatMap((volume: Untyped) => [
    ...objectRef('Secret', volume.secret, volume.secret?.secretName),
    ...objectRef('ConfigMap', volume.configMap, volume.configMap?.name),
    ...objectRef('PersistentVolumeClaim', volume.persistentVolumeClaim, volume.persistentVolumeClaim?.claimName),
  ]),
]

const keyRefs = (from: Untyped): Reference[] =>
  [
    ['Secret', from?.secretKeyRef],
    ['ConfigMap', from?.configMapKeyRef],
  ].flatMap(([kind, to]) => (to && !to.optional ? [{ kind, name: to.name, key: to.key }] : []))

const objectRef = (kind: string, reference: Untyped, name: string): Reference[] =>
  reference && !reference.optional ? [{ kind, name }] : []

const toReference = (to: Untyped): Reference[] =>
  to ? [{ kind: kindOf(to), name: to.name, ...(to.namespace ? { namespace: to.namespace } : {}) }] : []

const refsIn = (value: Untyped): Reference[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => (key === 'ref' ? toReference(inner) : refsIn(inner)))

const issuer = ({ kind = 'Issuer', name }: Untyped): Reference => ({
  kind: `cert-manager.io/${kind}`,
  name,
  ...(kind === 'ClusterIssuer' ? { namespace: '' } : {}),
})

const store = ({ kind = 'SecretStore', name }: Untyped): Reference => ({
  kind: `external-secrets.io/${kind}`,
  name,
  ...(kind === 'ClusterSecretStore' ? { namespace: '' } : {}),
})

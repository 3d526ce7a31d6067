import type { Untyped } from '#infra/cluster/render/manifest-files.ts'
import type { KubeObject } from './cluster-client.ts'
import { keyOf, kindOf, type World } from './world.ts'

interface Need {
  kind: string
  name: string
  /** The object's own where it is not said; empty for what belongs to the whole cluster. */
  namespace?: string
  /** Of a Secret or ConfigMap. */
  key?: string
}

/** What an object's controller must find before it can call the object ready, and does not; in words. */
export const missingFor = (object: KubeObject, world: World): string[] =>
  needsOf(object).flatMap(({ kind, name, namespace = object.metadata.namespace, key }) => {
    const found = world.get(keyOf(kind, namespace, name))
    if (!found) return [`${kind} ${name}`]
    return key === undefined || found.data?.[key] !== undefined ? [] : [`${key} in ${kind} ${name}`]
  })

const needsOf = (object: KubeObject): Need[] => {
  switch (kindOf(object)) {
    case 'apps/Deployment':
    case 'apps/StatefulSet':
    case 'batch/Job':
    case 'serving.knative.dev/Service':
      return ofPod(object.spec.template.spec)
    case 'eventing.knative.dev/Trigger':
      return [
        { kind: 'eventing.knative.dev/Broker', name: object.spec.broker },
        ...referencesIn(object.spec.subscriber),
        ...referencesIn(object.spec.delivery),
      ]
    case 'eventing.knative.dev/Broker':
      return [...asReference(object.spec?.config), ...referencesIn(object.spec?.delivery)]
    case 'sources.knative.dev/PingSource':
    case 'sources.knative.dev/SinkBinding':
      return referencesIn(object.spec.sink)
    case 'serving.knative.dev/DomainMapping':
      return asReference(object.spec.ref)
    case 'cert-manager.io/Certificate':
      return [issuer(object.spec.issuerRef)]
    case 'external-secrets.io/ExternalSecret':
      return [store(object.spec.secretStoreRef)]
    default:
      return []
  }
}

const ofPod = (spec: Untyped): Need[] => [
  ...[...(spec.initContainers ?? []), ...spec.containers].flatMap((container: Untyped) => [
    ...(container.env ?? []).flatMap(({ valueFrom }: Untyped) => fromKeys(valueFrom)),
    ...(container.envFrom ?? []).flatMap((from: Untyped) => [
      ...whole('Secret', from.secretRef, from.secretRef?.name),
      ...whole('ConfigMap', from.configMapRef, from.configMapRef?.name),
    ]),
  ]),
  ...(spec.volumes ?? []).flatMap((volume: Untyped) => [
    ...whole('Secret', volume.secret, volume.secret?.secretName),
    ...whole('ConfigMap', volume.configMap, volume.configMap?.name),
    ...whole('PersistentVolumeClaim', volume.persistentVolumeClaim, volume.persistentVolumeClaim?.claimName),
  ]),
]

const fromKeys = (from: Untyped): Need[] =>
  [
    ['Secret', from?.secretKeyRef],
    ['ConfigMap', from?.configMapKeyRef],
  ].flatMap(([kind, to]) => (to && !to.optional ? [{ kind, name: to.name, key: to.key }] : []))

const whole = (kind: string, reference: Untyped, name: string): Need[] =>
  reference && !reference.optional ? [{ kind, name }] : []

const asReference = (to: Untyped): Need[] =>
  to ? [{ kind: kindOf(to), name: to.name, ...(to.namespace ? { namespace: to.namespace } : {}) }] : []

const referencesIn = (value: Untyped): Need[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => (key === 'ref' ? asReference(inner) : referencesIn(inner)))

const issuer = ({ kind = 'Issuer', name }: Untyped): Need => ({
  kind: `cert-manager.io/${kind}`,
  name,
  ...(kind === 'ClusterIssuer' ? { namespace: '' } : {}),
})

const store = ({ kind = 'SecretStore', name }: Untyped): Need => ({
  kind: `external-secrets.io/${kind}`,
  name,
  ...(kind === 'ClusterSecretStore' ? { namespace: '' } : {}),
})

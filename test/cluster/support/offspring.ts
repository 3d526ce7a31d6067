import { randomBytes } from 'node:crypto'
import type { KubeObject } from './cluster-client.ts'
import { kindOf } from './world.ts'

/** An object to be made if there is none of its name. */
export type Draft = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  metadata: Pick<KubeObject['metadata'], 'name' | 'labels'> & { namespace: string; ownerReferences?: unknown[] }
  [part: string]: unknown
}

/** What the controller of this object makes beside it: the objects that outlive no more than their owner have an owner reference. */
export const offspring = (object: KubeObject): Draft[] => {
  switch (kindOf(object)) {
    case 'Namespace':
      return [
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: object.metadata.name } },
      ]
    case 'apps/StatefulSet':
      return claims(object)
    case 'bitnami.com/SealedSecret':
      return [secret(object, object.metadata.name, Object.keys(object.spec.encryptedData), object.spec.template?.type)]
    case 'external-secrets.io/ExternalSecret':
      return [
        secret(
          object,
          object.spec.target?.name ?? object.metadata.name,
          keysOf(object),
          object.spec.target?.template?.type,
        ),
      ]
    case 'cert-manager.io/Certificate':
      return [secret(object, object.spec.secretName, ['tls.crt', 'tls.key'], 'kubernetes.io/tls')]
    default:
      return []
  }
}

/** The keys an external secret ends up with: those it fetches, or those its template makes of them. */
const keysOf = ({ spec }: KubeObject): string[] =>
  Object.keys(spec.target?.template?.data ?? {}).concat(
    spec.target?.template && spec.target.template.mergePolicy !== 'Merge'
      ? []
      : (spec.data ?? []).map(({ secretKey }: { secretKey: string }) => secretKey),
  )

/** Nobody decrypts or fetches anything here: the values are noise. */
const secret = (owner: KubeObject, name: string, keys: string[], type = 'Opaque'): Draft => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type,
  metadata: { name, namespace: owner.metadata.namespace!, ownerReferences: [ownerReference(owner)] },
  stringData: Object.fromEntries(keys.map(key => [key, randomBytes(12).toString('hex')])),
})

const ownerReference = ({ apiVersion, kind, metadata }: KubeObject) => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
})

/** A StatefulSet's claims carry its selector's labels and stay when it goes. */
const claims = ({ metadata, spec }: KubeObject): Draft[] =>
  Array.from({ length: spec.replicas ?? 1 }).flatMap((_, ordinal) =>
    (spec.volumeClaimTemplates ?? []).map((template: KubeObject) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: `${template.metadata.name}-${metadata.name}-${ordinal}`,
        namespace: metadata.namespace!,
        labels: { ...template.metadata.labels, ...spec.selector.matchLabels },
      },
      spec: template.spec,
    })),
  )

import { randomBytes } from 'node:crypto'
import type { KubeObject } from './cluster-client.ts'
import { kindOf } from './state.ts'

/** An object that is created unless one with its name exists. */
export type ObjectToCreate = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  metadata: Pick<KubeObject['metadata'], 'name' | 'labels'> & { namespace: string; ownerReferences?: unknown[] }
  [part: string]: unknown
}

/**
 * The objects that the controller of this object creates for it. Those that the garbage collector deletes with it
 * have an owner reference.
 */
export const ownedObjects = (object: KubeObject): ObjectToCreate[] => {
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

/** The keys of the Secret that an ExternalSecret makes: those that it fetches, or those of its template, or both
 * with the merge policy `Merge`. */
const keysOf = ({ spec }: KubeObject): string[] =>
  Object.keys(spec.target?.template?.data ?? {}).concat(
    spec.target?.template && spec.target.template.mergePolicy !== 'Merge'
      ? []
      : (spec.data ?? []).map(({ secretKey }: { secretKey: string }) => secretKey),
  )

/** A Secret with random values, because nothing is decrypted or fetched here. */
const secret = (owner: KubeObject, name: string, keys: string[], type = 'Opaque'): ObjectToCreate => ({
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

/** The volume claims of a StatefulSet. They have the labels of its selector, and stay when it is deleted. */
const claims = ({ metadata, spec }: KubeObject): ObjectToCreate[] =>
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

import type { KubeObject } from './cluster-client.ts'

/** All objects that the fake controllers have seen, by `keyOf`. */
export type ClusterState = ReadonlyMap<string, KubeObject>

/** The kind with its group but without its version: `apps/StatefulSet`, `Secret`. */
export const kindOf = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): string =>
  apiVersion.includes('/') ? `${apiVersion.split('/')[0]}/${kind}` : kind

/** The key of an object in ClusterState. `namespace` is undefined or empty for objects of the whole cluster. */
export const keyOf = (kind: string, namespace: string | undefined, name: string): string =>
  `${kind} ${namespace ?? ''}/${name}`

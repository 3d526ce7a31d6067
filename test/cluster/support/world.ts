import type { KubeObject } from './cluster-client.ts'

/** Every object the stand-in for controllers knows of, under `keyOf`. */
export type World = ReadonlyMap<string, KubeObject>

/** A kind with its group and without its version: `apps/StatefulSet`, `Secret`. */
export const kindOf = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): string =>
  apiVersion.includes('/') ? `${apiVersion.split('/')[0]}/${kind}` : kind

/** `namespace` is undefined or empty for what belongs to the whole cluster. */
export const keyOf = (kind: string, namespace: string | undefined, name: string): string =>
  `${kind} ${namespace ?? ''}/${name}`

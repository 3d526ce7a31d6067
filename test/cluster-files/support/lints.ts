import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest, Untyped } from '#infra/cluster/render/manifest-files.ts'
import { functionNames, root } from '#infra/repository.ts'
import { admissionFaults } from './admission.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const idOf = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`
const isKnativeService = ({ kind, apiVersion }: Manifest) => kind === 'Service' && apiVersion.startsWith('serving.')
const admitted = ['Broker', 'Trigger', 'PingSource', 'SinkBinding', 'Service']

/** The faults that Knative's admission webhooks would find in the objects of an overlay. */
export const webhookFaults = (objects: Manifest[]): string[] =>
  objects
    .filter(({ apiVersion, kind }) => apiVersion.includes('knative.dev/') && admitted.includes(kind))
    .flatMap(one => admissionFaults(one).map(fault => `${idOf(one)}: ${fault}`))

/** Dead letters whose receiver could make new dead letters of them: the broker, or a function that publishes. */
export const deadLetterLoops = (objects: Manifest[]): string[] =>
  objects
    .filter(({ kind }) => kind === 'Trigger' || kind === 'Broker')
    .flatMap(one => {
      const sink = one.spec.delivery?.deadLetterSink
      if (sink === undefined) return [`${idOf(one)}: no deadLetterSink`]
      if (sink.ref === undefined) return [`${idOf(one)}: dead letters leave the cluster: ${sink.uri}`]
      if (sink.ref.kind !== 'Service')
        return [`${idOf(one)}: dead letters go to a ${sink.ref.kind}, which would deliver them again`]
      const receiver = objects.find(other => isKnativeService(other) && other.metadata.name === sink.ref.name)
      if (receiver === undefined) return [`${idOf(one)}: dead letters go to ${sink.ref.name}, which does not exist`]
      return receiver.metadata.labels?.['vigia.dev/publishes'] === 'true'
        ? [`${idOf(one)}: dead letters go to ${sink.ref.name}, which publishes`]
        : []
    })

/** References to objects that do not exist. */
export const brokenReferences = (objects: Manifest[]): string[] => {
  const has = (ref: Untyped) =>
    objects.some(
      ({ apiVersion, kind, metadata }) =>
        apiVersion === ref.apiVersion && kind === ref.kind && metadata.name === ref.name,
    )
  const broken = (one: Manifest, ref: Untyped) => (ref && !has(ref) ? [`${idOf(one)}: no ${ref.kind} ${ref.name}`] : [])
  return objects.flatMap(one => {
    switch (one.kind) {
      case 'Trigger':
        return [
          ...broken(one, { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: one.spec.broker }),
          ...broken(one, one.spec.subscriber.ref),
        ]
      case 'Broker':
        return broken(one, one.spec.config)
      case 'PingSource':
      case 'SinkBinding':
        return broken(one, one.spec.sink.ref)
      case 'DomainMapping':
        return broken(one, one.spec.ref)
      case 'HTTPRoute':
        return one.spec.parentRefs.flatMap(({ name }: Untyped) =>
          broken(one, { apiVersion: one.apiVersion, kind: 'Gateway', name }),
        )
      default:
        return []
    }
  })
}

/** Ticks and their Triggers that do not match: a tick wakes exactly the function after which it is named. */
export const wrongTicks = (objects: Manifest[]): string[] => {
  const sources = objects.filter(({ kind }) => kind === 'PingSource')
  const ticks = objects.filter(
    ({ kind, spec }) => kind === 'Trigger' && spec.filter?.attributes?.type === 'dev.knative.sources.ping',
  )
  return [
    ...sources
      .filter(one => one.spec.ceOverrides?.extensions?.tick !== one.metadata.name)
      .map(one => `${idOf(one)}: its tick is not named ${one.metadata.name}`),
    ...ticks
      .filter(one => one.spec.filter.attributes.tick !== one.spec.subscriber.ref.name)
      .map(one => `${idOf(one)}: wakes ${one.spec.subscriber.ref.name} on the tick of another function`),
    ...ticks
      .filter(one => !sources.some(source => source.metadata.name === one.spec.filter.attributes.tick))
      .map(one => `${idOf(one)}: no PingSource sends its tick`),
    ...sources
      .filter(source => !ticks.some(one => one.spec.filter.attributes.tick === source.metadata.name))
      .map(one => `${idOf(one)}: no Trigger receives its tick`),
  ]
}

/**
 * Fields of a Knative Service's pod that Serving accepts only with a flag in its config-features. In Serving 1.23 and
 * 1.24 the flags are off by default.
 */
const flagOfField: Record<string, string> = {
  affinity: 'kubernetes.podspec-affinity',
  topologySpreadConstraints: 'kubernetes.podspec-topologyspreadconstraints',
  hostAliases: 'kubernetes.podspec-hostaliases',
  hostIPC: 'kubernetes.podspec-hostipc',
  hostPID: 'kubernetes.podspec-hostpid',
  hostNetwork: 'kubernetes.podspec-hostnetwork',
  nodeSelector: 'kubernetes.podspec-nodeselector',
  runtimeClassName: 'kubernetes.podspec-runtimeclassname',
  securityContext: 'kubernetes.podspec-securitycontext',
  priorityClassName: 'kubernetes.podspec-priorityclassname',
  schedulerName: 'kubernetes.podspec-schedulername',
  tolerations: 'kubernetes.podspec-tolerations',
  initContainers: 'kubernetes.podspec-init-containers',
  dnsPolicy: 'kubernetes.podspec-dnspolicy',
  dnsConfig: 'kubernetes.podspec-dnsconfig',
  shareProcessNamespace: 'kubernetes.podspec-shareprocessnamespace',
}
const flagOfVolume: Record<string, string> = {
  persistentVolumeClaim: 'kubernetes.podspec-persistent-volume-claim',
  hostPath: 'kubernetes.podspec-volumes-hostpath',
  csi: 'kubernetes.podspec-volumes-csi',
  image: 'kubernetes.podspec-volumes-image',
}

/** Fields that Serving refuses with its default flags. `enabled` are the flags that the cluster switches on. */
export const missingFlags = (objects: Manifest[], enabled: string[] = []): string[] =>
  objects.filter(isKnativeService).flatMap(one => {
    const pod = one.spec.template.spec
    const needed = [
      ...Object.keys(pod).map(key => flagOfField[key]),
      ...(pod.volumes ?? []).flatMap((volume: object) => Object.keys(volume).map(key => flagOfVolume[key])),
      ...(pod.containers as Untyped[])
        .flatMap(({ env = [] }) => env)
        .map(({ valueFrom }) =>
          valueFrom?.fieldRef || valueFrom?.resourceFieldRef ? 'kubernetes.podspec-fieldref' : undefined,
        ),
    ]
    return needed
      .filter((flag): flag is string => flag !== undefined && !enabled.includes(flag))
      .map(flag => `${idOf(one)}: needs the feature flag ${flag}`)
  })

const ownsVolumes = ({ kind, apiVersion, spec }: Manifest): boolean =>
  kind === 'StatefulSet'
    ? (spec.volumeClaimTemplates ?? []).length > 0
    : ['PersistentVolumeClaim', 'MongoDBCommunity', 'RabbitmqCluster'].includes(kind) ||
      (kind === 'Cluster' && apiVersion.startsWith('postgresql.'))

/** Objects that Argo CD or `helm uninstall` would delete together with their volumes. */
export const deletableVolumes = (objects: Manifest[]): string[] =>
  objects.filter(ownsVolumes).flatMap(one => {
    const { annotations = {} } = one.metadata
    const options = annotations['argocd.argoproj.io/sync-options']?.split(',') ?? []
    return [
      ...['Delete=false', 'Prune=false'].filter(option => !options.includes(option)),
      ...(annotations['helm.sh/resource-policy'] === 'keep' ? [] : ['helm.sh/resource-policy: keep']),
    ].map(missing => `${idOf(one)}: can be deleted with its data, because it has no ${missing}`)
  })

/**
 * The pod template of a Knative Service, Job, CronJob, StatefulSet or Deployment, or a Pod itself. Undefined for other
 * kinds.
 */
export const podTemplateOf = ({ kind, metadata, spec }: Manifest): Untyped =>
  kind === 'Pod'
    ? { metadata, spec }
    : kind === 'CronJob'
      ? spec.jobTemplate.spec.template
      : spec?.template?.spec?.containers && spec.template

const containersOf = (one: Manifest): Untyped[] => {
  const pod = podTemplateOf(one)?.spec
  return [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])]
}

/**
 * By `<kind>/<name>`: the keys of each Secret or ConfigMap that an object makes, also of SealedSecrets and
 * ExternalSecrets.
 */
const keysOfObjects = (objects: Manifest[]): Map<string, Set<string>[]> => {
  const found = new Map<string, Set<string>[]>()
  const add = (id: string, keys: Iterable<string>) => found.set(id, [...(found.get(id) ?? []), new Set(keys)])
  for (const one of objects as (Manifest & { data?: object; stringData?: object })[]) {
    const { kind, metadata, spec } = one
    if (kind === 'ConfigMap') add(`ConfigMap/${metadata.name}`, Object.keys(one.data ?? {}))
    if (kind === 'Secret') add(`Secret/${metadata.name}`, Object.keys({ ...one.data, ...one.stringData }))
    if (kind === 'SealedSecret')
      add(
        `Secret/${spec.template?.metadata?.name ?? metadata.name}`,
        Object.keys({ ...keysForSecret(metadata.name), ...spec.encryptedData }),
      )
    if (kind === 'ExternalSecret')
      add(
        `Secret/${spec.target?.name ?? metadata.name}`,
        Object.keys(
          spec.target?.template?.data ?? Object.fromEntries((spec.data as Untyped[]).map(d => [d.secretKey, 0])),
        ),
      )
    if (kind === 'Certificate') add(`Secret/${spec.secretName}`, ['tls.crt', 'tls.key', 'ca.crt'])
  }
  return found
}

/** The keys that seal.sh seals into a Secret when .env has every key of its example. */
const keysForSecret = (name: string): Record<string, true> => {
  const [, keys] = new RegExp(`^seal ${name} '(.+)'$`, 'm').exec(read('infra/cluster/onprem/seal.sh')) ?? []
  const known = [...read('infra/cluster/onprem/.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, key]) => key!)
  return Object.fromEntries(known.filter(key => new RegExp(`^(${keys})$`).test(key)).map(key => [key, true]))
}

/** Keys of Secrets and ConfigMaps that our containers need and that no object, or more than one object, makes. */
export const missingKeys = (objects: Manifest[]): string[] => {
  const sources = keysOfObjects(objects)
  return objects.flatMap(one =>
    containersOf(one).flatMap(({ env = [] }) =>
      (env as Untyped[]).flatMap(({ valueFrom }) => {
        const [kind, ref] = valueFrom?.secretKeyRef
          ? ['Secret', valueFrom.secretKeyRef]
          : ['ConfigMap', valueFrom?.configMapKeyRef]
        if (!ref || ref.optional) return []
        const count = (sources.get(`${kind}/${ref.name}`) ?? []).filter(keys => keys.has(ref.key)).length
        return count === 1
          ? []
          : [`${idOf(one)}: ${kind} ${ref.name} has ${count === 0 ? 'no' : `${count} sources of`} key ${ref.key}`]
      }),
    ),
  )
}

/** The size of a function's connection pool for PostgreSQL, read from its main.ts. */
export const poolSizeOf = (name: string): number => {
  const main = read(`functions/${name}/main.ts`)
  const [, options = ''] = /postgres\(env\('DATABASE_URL'\)(?:, (\{[^}]*\}))?\)/.exec(main) ?? []
  const [, max] = /max: (\d+)/.exec(options) ?? /\{\s*max = (\d+)/.exec(read('infra/database/connect.ts')) ?? []
  return Number(max)
}

/** PostgreSQL reserves these connections for its superuser. */
const superuserConnections = 3

/**
 * A fault when all functions at their max-scale could open more connections than PostgreSQL accepts. Counts them twice,
 * because a rollout runs the old and the new revision of a function at the same time.
 */
export const tooManyConnections = (objects: Manifest[], pool = poolSizeOf): string[] => {
  const wanted = functionNames().reduce((sum, name) => {
    const service = objects.find(one => isKnativeService(one) && one.metadata.name === name)
    const annotations = service?.spec.template.metadata.annotations ?? {}
    return sum + Number(annotations['autoscaling.knative.dev/max-scale'] ?? Number.POSITIVE_INFINITY) * pool(name)
  }, 0)
  const most = maxConnections(objects)
  return 2 * wanted + superuserConnections <= most
    ? []
    : [`functions can open ${wanted} connections, twice that during a rollout; PostgreSQL accepts ${most}`]
}

const maxConnections = (objects: Manifest[]): number => {
  const cluster = objects.find(({ apiVersion, kind }) => kind === 'Cluster' && apiVersion.startsWith('postgresql.'))
  const setting =
    cluster?.spec.postgresql?.parameters?.max_connections ??
    objects
      .filter(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'postgres')
      .flatMap(containersOf)
      .flatMap(({ args = [] }) => args as string[])
      .map(arg => /^max_connections=(\d+)$/.exec(arg)?.[1])
      .find(value => value !== undefined)
  return Number(setting ?? 100)
}

/**
 * Pods that get a token for the API server, which our pods never call, or the addresses of all Services in their
 * environment.
 */
export const tokensAndServiceLinks = (objects: Manifest[]): string[] =>
  objects.flatMap(one => {
    const pod = podTemplateOf(one)?.spec
    return ['automountServiceAccountToken', 'enableServiceLinks']
      .filter(key => pod && pod[key] !== false)
      .map(key => `${idOf(one)}: ${key} is not false`)
  })

/**
 * The faults of `tokensAndServiceLinks`, and a default service account that gives a token to pods which operators make
 * in the namespace.
 */
export const needlessAccess = (objects: Manifest[]): string[] => {
  const account = objects.find(
    ({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === 'default',
  ) as Untyped
  return [
    ...(account?.automountServiceAccountToken === false
      ? []
      : ['ServiceAccount/default: automountServiceAccountToken is not false']),
    ...tokensAndServiceLinks(objects),
  ]
}

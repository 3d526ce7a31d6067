import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest, Untyped } from '#infra/cluster/render/manifest-files.ts'
import { functionNames, root } from '#infra/repository.ts'
import { admissionFaults } from './admission.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const idOf = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`
const isKnativeService = ({ kind, apiVersion }: Manifest) => kind === 'Service' && apiVersion.startsWith('serving.')
const admitted = ['Broker', 'Trigger', 'PingSource', 'SinkBinding', 'Service']

/** What Knative's webhooks would say of the objects of an overlay. */
export const webhookFaults = (objects: Manifest[]): string[] =>
  objects
    .filter(({ apiVersion, kind }) => apiVersion.includes('knative.dev/') && admitted.includes(kind))
    .flatMap(one => admissionFaults(one).map(fault => `${idOf(one)}: ${fault}`))

/** Who hears a Trigger's dead letters must not be able to make new ones of them: neither the broker nor a function that publishes. */
export const deadLetterLoops = (objects: Manifest[]): string[] =>
  objects
    .filter(({ kind }) => kind === 'Trigger' || kind === 'Broker')
    .flatMap(one => {
      const sink = one.spec.delivery?.deadLetterSink
      if (sink === undefined) return [`${idOf(one)}: dead letters go nowhere`]
      if (sink.ref === undefined) return [`${idOf(one)}: dead letters leave the cluster: ${sink.uri}`]
      if (sink.ref.kind !== 'Service')
        return [`${idOf(one)}: dead letters go to a ${sink.ref.kind}, which sends them on`]
      const receiver = objects.find(other => isKnativeService(other) && other.metadata.name === sink.ref.name)
      if (receiver === undefined) return [`${idOf(one)}: dead letters go to ${sink.ref.name}, which is not there`]
      return receiver.metadata.labels?.['vigia.dev/publishes'] === 'true'
        ? [`${idOf(one)}: dead letters go to ${sink.ref.name}, which publishes`]
        : []
    })

/** Every reference to an object of ours leads to one. */
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

/** A tick wakes the one function that it is called after, and each tick wakes somebody. */
export const wrongTicks = (objects: Manifest[]): string[] => {
  const sources = objects.filter(({ kind }) => kind === 'PingSource')
  const ticks = objects.filter(
    ({ kind, spec }) => kind === 'Trigger' && spec.filter?.attributes?.type === 'dev.knative.sources.ping',
  )
  return [
    ...sources
      .filter(one => one.spec.ceOverrides?.extensions?.tick !== one.metadata.name)
      .map(one => `${idOf(one)}: its tick is not called ${one.metadata.name}`),
    ...ticks
      .filter(one => one.spec.filter.attributes.tick !== one.spec.subscriber.ref.name)
      .map(one => `${idOf(one)}: wakes ${one.spec.subscriber.ref.name} on another's tick`),
    ...ticks
      .filter(one => !sources.some(source => source.metadata.name === one.spec.filter.attributes.tick))
      .map(one => `${idOf(one)}: waits for a tick that nobody sends`),
    ...sources
      .filter(source => !ticks.some(one => one.spec.filter.attributes.tick === source.metadata.name))
      .map(one => `${idOf(one)}: nobody hears it`),
  ]
}

/** Fields of a ksvc's pod that Serving refuses unless a flag in its config-features says otherwise; its defaults as of 1.23 and 1.24. */
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

/** Fields that Serving refuses as it is installed; `enabled` are the flags that a cluster turns on. */
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

/** Volumes, and what a volume may go with, that Argo CD or `helm uninstall` would delete. */
export const deletableVolumes = (objects: Manifest[]): string[] =>
  objects.filter(ownsVolumes).flatMap(one => {
    const { annotations = {} } = one.metadata
    const options = annotations['argocd.argoproj.io/sync-options']?.split(',') ?? []
    return [
      ...['Delete=false', 'Prune=false'].filter(option => !options.includes(option)),
      ...(annotations['helm.sh/resource-policy'] === 'keep' ? [] : ['helm.sh/resource-policy: keep']),
    ].map(missing => `${idOf(one)}: may be deleted with its data, for it lacks ${missing}`)
  })

/** What the pods of a ksvc, Job, CronJob, StatefulSet or Deployment are made from, or a Pod itself; undefined for everything else. */
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

/** The keys of each Secret or ConfigMap that the objects bring, by `<kind>/<name>`: plain, sealed or fetched from a secret store. */
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

/** What seal.sh would seal into a Secret from an .env that is filled in as its example says. */
const keysForSecret = (name: string): Record<string, true> => {
  const [, keys] = new RegExp(`^seal ${name} '(.+)'$`, 'm').exec(read('infra/cluster/onprem/seal.sh')) ?? []
  const known = [...read('infra/cluster/onprem/.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, key]) => key!)
  return Object.fromEntries(known.filter(key => new RegExp(`^(${keys})$`).test(key)).map(key => [key, true]))
}

/** Keys of Secrets and ConfigMaps that a container of ours asks for and nobody, or more than one, brings. */
export const missingKeys = (objects: Manifest[]): string[] => {
  const sources = keysOfObjects(objects)
  return objects.flatMap(one =>
    containersOf(one).flatMap(({ env = [] }) =>
      (env as Untyped[]).flatMap(({ valueFrom }) => {
        const [kind, ref] = valueFrom?.secretKeyRef
          ? ['Secret', valueFrom.secretKeyRef]
          : ['ConfigMap', valueFrom?.configMapKeyRef]
        if (!ref || ref.optional) return []
        const given = (sources.get(`${kind}/${ref.name}`) ?? []).filter(keys => keys.has(ref.key)).length
        return given === 1
          ? []
          : [`${idOf(one)}: ${kind} ${ref.name} has ${given === 0 ? 'no' : `${given} sources of`} key ${ref.key}`]
      }),
    ),
  )
}

/** Connections to PostgreSQL that one process of a function opens at most, as its main.ts says. */
export const poolSizeOf = (name: string): number => {
  const main = read(`functions/${name}/main.ts`)
  const [, options = ''] = /postgres\(env\('DATABASE_URL'\)(?:, (\{[^}]*\}))?\)/.exec(main) ?? []
  const [, max] = /max: (\d+)/.exec(options) ?? /\{\s*max = (\d+)/.exec(read('infra/database/connect.ts')) ?? []
  return Number(max)
}

/** PostgreSQL keeps these for its superuser. */
const superuserConnections = 3

/**
 * Where all functions at their max-scale could open more connections than PostgreSQL takes. Twice, for while a release rolls out the old
 * and the new revision of a function are both there.
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
    : [`functions may open ${wanted} connections, twice that while a release rolls out; PostgreSQL takes ${most}`]
}

const maxConnections = (objects: Manifest[]): number => {
  const cluster = objects.find(({ apiVersion, kind }) => kind === 'Cluster' && apiVersion.startsWith('postgresql.'))
  const said =
    cluster?.spec.postgresql?.parameters?.max_connections ??
    objects
      .filter(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'postgres')
      .flatMap(containersOf)
      .flatMap(({ args = [] }) => args as string[])
      .map(arg => /^max_connections=(\d+)$/.exec(arg)?.[1])
      .find(value => value !== undefined)
  return Number(said ?? 100)
}

/** Pods that get a token for the API server, which none of ours calls, or the addresses of all Services in their environment. */
export const tokensAndServiceLinks = (objects: Manifest[]): string[] =>
  objects.flatMap(one => {
    const pod = podTemplateOf(one)?.spec
    return ['automountServiceAccountToken', 'enableServiceLinks']
      .filter(key => pod && pod[key] !== false)
      .map(key => `${idOf(one)}: ${key} is not false`)
  })

/** The same, and pods that others make in the namespace and that run as its default account. */
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

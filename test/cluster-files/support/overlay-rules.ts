import type { Manifest, Untyped } from '#infra/cluster/render/manifest-files.ts'

const idOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`

/** The pod specs that an object contains. */
export const podSpecs = ({ apiVersion, kind, spec }: Manifest): Untyped[] => {
  if (['StatefulSet', 'Deployment', 'Job'].includes(kind)) return [spec.template.spec]
  if (kind === 'CronJob') return [spec.jobTemplate.spec.template.spec]
  return kind === 'Service' && apiVersion.startsWith('serving.') ? [spec.template.spec] : []
}

const containersOf = (pod: Untyped): Untyped[] => [...(pod.initContainers ?? []), ...pod.containers]

/**
 * Pods that the level "restricted" of Kubernetes' Pod Security Standards refuses, and, as our own rule, writable root
 * file systems.
 */
export const podSecurityFaults = (objects: Manifest[]): string[] =>
  objects.flatMap(one =>
    podSpecs(one).flatMap(pod => {
      const host = ['hostNetwork', 'hostPID', 'hostIPC'].filter(key => pod[key])
      const volumes = (pod.volumes ?? []).flatMap((volume: Untyped) =>
        ['configMap', 'emptyDir', 'secret', 'persistentVolumeClaim'].some(kind => kind in volume) ? [] : [volume.name],
      )
      return [
        ...host.map(key => `${idOf(one)}: ${key}`),
        ...volumes.map((name: string) => `${idOf(one)}: volume ${name}`),
        ...containersOf(pod).flatMap(({ securityContext: own = {}, ports = [] }) => {
          const has = { ...pod.securityContext, ...own }
          return [
            ...(has.runAsNonRoot === true && has.runAsUser !== 0 ? [] : ['can run as root']),
            ...(has.seccompProfile?.type === 'RuntimeDefault' ? [] : ['no seccomp profile']),
            ...(own.allowPrivilegeEscalation === false && !own.privileged ? [] : ['can gain privileges']),
            ...(own.capabilities?.drop?.includes('ALL') && !own.capabilities.add ? [] : ['has capabilities']),
            ...(own.readOnlyRootFilesystem === true ? [] : ['has a writable root file system']),
            ...(ports.some((port: Untyped) => port.hostPort) ? ['uses a port of the node'] : []),
          ].map(fault => `${idOf(one)}: ${fault}`)
        }),
      ]
    }),
  )

/**
 * Images that are not fixed to a release: an image of ours other than `ours`, and others without a tag or with
 * `latest`.
 */
export const imageFaults = (objects: Manifest[], ours: string): string[] =>
  objects.flatMap(one =>
    podSpecs(one)
      .flatMap(containersOf)
      .filter(({ image }: Untyped) =>
        /(^|\/)vigia(:|@|$)/.test(image) ? image !== ours : !/[^/]:(?!latest$)[\w.-]+$/.test(image),
      )
      .map(({ image }: Untyped) => `${idOf(one)}: ${image}`),
  )

const label = 'app.kubernetes.io/version'
const annotation = 'vigia.dev/revision'

/**
 * Objects with a wrong release. Every object names the release, and so do the pods that restart with each release. The
 * pods of databases must not name it.
 */
export const releaseFaults = (objects: Manifest[], version: string, revision: string): string[] =>
  objects.flatMap(one => {
    const releaseIn = ({ labels = {}, annotations = {} }: Partial<Manifest['metadata']> = {}) =>
      `${labels[label]} ${annotations[annotation]}`
    const expected = `${version} ${revision}`
    const template =
      podSpecs(one).length > 0 && one.kind !== 'CronJob' ? releaseIn(one.spec.template.metadata) : undefined
    const wanted = one.kind === 'StatefulSet' ? 'undefined undefined' : expected
    const volumeHasVersion = (one.spec?.volumeClaimTemplates ?? []).some(
      ({ metadata }: Untyped) => label in metadata.labels,
    )
    return [
      ...(releaseIn(one.metadata) === expected ? [] : [`${idOf(one)} has the release ${releaseIn(one.metadata)}`]),
      ...(template === undefined || template === wanted ? [] : [`a pod of ${idOf(one)} has the release ${template}`]),
      ...(volumeHasVersion ? [`a volume of ${idOf(one)} has a version, but volumes cannot be changed`] : []),
      ...(one.kind === 'Job' && one.metadata.name !== `migrate-${version.replaceAll('.', '-')}`
        ? [`${idOf(one)} is not named after ${version}`]
        : []),
    ]
  })

const waveKey = 'argocd.argoproj.io/sync-wave'
const waveOf = ({ metadata }: Manifest) => Number(metadata.annotations?.[waveKey] ?? 0)

/** The objects that make the object of that kind and name. */
const sourcesOf = (objects: Manifest[], kind: string, name: string): Manifest[] =>
  objects.filter(
    one =>
      (one.kind === kind && one.metadata.name === name) ||
      (kind === 'Secret' &&
        ((one.kind === 'SealedSecret' && one.metadata.name === name) ||
          (one.kind === 'ExternalSecret' && (one.spec.target?.name ?? one.metadata.name) === name) ||
          (one.kind === 'Certificate' && one.spec.secretName === name))),
  )

const referencesIn = (value: unknown): { kind: string; name: string }[] => {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value as Record<string, Untyped>).flatMap(([key, inner]) => {
    if (['ref', 'config', 'issuerRef', 'secretStoreRef', 'rabbitmqClusterReference'].includes(key) && inner?.name)
      return [{ kind: inner.kind ?? (key === 'rabbitmqClusterReference' ? 'RabbitmqCluster' : ''), name: inner.name }]
    if (['secretKeyRef', 'passwordSecretRef'].includes(key)) return [{ kind: 'Secret', name: inner.name }]
    if (key === 'secret' && inner?.name) return [{ kind: 'Secret', name: inner.name }]
    if (key === 'configMapKeyRef') return [{ kind: 'ConfigMap', name: inner.name }]
    if (key === 'configMap' && inner?.name) return [{ kind: 'ConfigMap', name: inner.name }]
    if (key === 'persistentVolumeClaim') return [{ kind: 'PersistentVolumeClaim', name: inner.claimName }]
    if (key === 'broker' && typeof inner === 'string') return [{ kind: 'Broker', name: inner }]
    return referencesIn(inner)
  })
}

const databaseKinds = ['StatefulSet', 'Cluster', 'MongoDBCommunity']
/**
 * Kinds that become ready only when a certificate authority or a Gateway's controller has answered, which can take
 * long.
 */
const dependOnOutside = ['Certificate', 'Gateway', 'HTTPRoute', 'Issuer', 'DomainMapping']

/**
 * Objects in a wrong sync wave of Argo CD. An object comes in the wave of the objects to which it refers, or later. The
 * same wave is allowed because the Broker and the receiver of its dead letters refer to each other. Migrations come
 * strictly after the databases and before the functions. Kinds that depend on the outside come after everything that
 * functions need, because a wave that is not healthy blocks the next.
 */
export const waveFaults = (objects: Manifest[]): string[] => {
  const after = (one: Manifest, other: Manifest, strictly = false) =>
    waveOf(other) < waveOf(one) || (!strictly && waveOf(other) === waveOf(one))
      ? []
      : [
          `${idOf(one)} (${waveOf(one)}) does not come ${strictly ? 'after' : 'with or after'} ${idOf(other)} (${waveOf(other)})`,
        ]
  const databases = objects.filter(({ kind }) => databaseKinds.includes(kind))
  const migrations = objects.filter(({ kind }) => kind === 'Job')
  const functions = objects.filter(one => one.kind === 'Service' && podSpecs(one).length > 0)
  const triggersAndSources = objects.filter(({ kind }) => ['Trigger', 'PingSource'].includes(kind))
  return [
    ...objects.flatMap(one =>
      referencesIn(one.spec)
        .flatMap(({ kind, name }) => sourcesOf(objects, kind, name))
        .flatMap(other => after(one, other)),
    ),
    ...migrations.flatMap(one => databases.flatMap(other => after(one, other, true))),
    ...functions.flatMap(one => migrations.flatMap(other => after(one, other, true))),
    // A ScaledObject scales a dispatcher, which is created with its Trigger.
    ...objects
      .filter(({ kind }) => kind === 'ScaledObject')
      .flatMap(one => objects.filter(({ kind }) => kind === 'Trigger').flatMap(other => after(one, other, true))),
    ...objects
      .filter(({ kind }) => dependOnOutside.includes(kind))
      .flatMap(one => [...functions, ...triggersAndSources].flatMap(other => after(one, other, true))),
    ...objects
      .filter(({ metadata, kind }) => metadata.namespace !== undefined && kind !== 'Namespace')
      .flatMap(one => objects.filter(({ kind }) => kind === 'Namespace').flatMap(other => after(one, other))),
  ]
}

const knativeService = ({ apiVersion, kind }: Manifest) => kind === 'Service' && apiVersion.startsWith('serving.')

/**
 * Objects in a wrong order for a single apply from the first to the last: pods before the defaults that the quota
 * needs, functions before their secrets or before the SinkBinding that sets their K_SINK, Triggers and sources before
 * the functions that they wake.
 */
export const orderFaults = (objects: Manifest[]): string[] => {
  const comesFirst = (before: (one: Manifest) => boolean, after: (one: Manifest) => boolean) => {
    const last = objects.findLastIndex(before)
    return objects.flatMap((one, index) =>
      after(one) && index < last ? [`${idOf(one)} comes before ${idOf(objects[last]!)}`] : [],
    )
  }
  const isOneOf =
    (...kinds: string[]) =>
    ({ kind }: Manifest) =>
      kinds.includes(kind)
  const withPods = (one: Manifest) => podSpecs(one).length > 0 || databaseKinds.includes(one.kind)
  const secrets = isOneOf('ServiceAccount', 'ConfigMap', 'Secret', 'SealedSecret', 'ExternalSecret')
  return [
    ...comesFirst(isOneOf('Namespace'), ({ kind }) => kind !== 'Namespace'),
    ...comesFirst(isOneOf('LimitRange', 'ResourceQuota', 'NetworkPolicy'), withPods),
    ...comesFirst(secrets, withPods),
    ...comesFirst(isOneOf('Broker', 'SinkBinding'), knativeService),
    ...comesFirst(knativeService, isOneOf('Trigger', 'PingSource')),
  ]
}

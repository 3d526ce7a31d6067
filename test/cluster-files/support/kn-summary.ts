import type { Manifest, Untyped } from '#infra/cluster/render/manifest-files.ts'
import type { Call } from './kn-calls.ts'

/**
 * The fields of an object for which kn has a flag. If a kn command makes the object of a manifest, both have the same
 * summary.
 */
export type Summary = Record<string, unknown> & { kind: string; name: string }

const pairs = (values: string[] = []) =>
  Object.fromEntries(values.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))

/** The summary of the object that a call of kn makes, from its flags. */
export const summaryOfCall = ({ command, name, flags }: Call): Summary => {
  const flagValue = (flag: string) => flags.get(flag)?.[0]
  const common = { name, namespace: flagValue('namespace') }
  const number = (flag: string) => (flagValue(flag) === undefined ? undefined : Number(flagValue(flag)))
  switch (command) {
    case 'service create': {
      const [min, max] = flagValue('scale')?.split('..') ?? []
      const scaling = {
        metric: flagValue('scale-metric'),
        target: flagValue('scale-target'),
        window: flagValue('scale-window'),
      }
      return {
        kind: 'Service',
        ...common,
        image: flagValue('image'),
        labels: {
          ...pairs(flags.get('label-service')),
          ...(flags.has('cluster-local') && { 'networking.knative.dev/visibility': 'cluster-local' }),
        },
        revisionLabels: pairs(flags.get('label-revision')),
        scaling: { ...scaling, min, max },
        concurrency: number('concurrency-limit'),
        timeoutS: number('timeout'),
        env: { ...pairs(flags.get('env')), ...pairs(flags.get('env-value-from')) },
        envFrom: flags.get('env-from') ?? [],
        probe: flagValue('probe-readiness'),
        requests: pairs(flags.get('request')),
        limits: pairs(flags.get('limit')),
        strict: flagValue('security-context') === 'strict',
        user: number('user'),
        mounts: Object.fromEntries(
          Object.entries(pairs(flags.get('mount'))).map(([path, volume]) => [path, volume.split(':')[0]]),
        ),
      }
    }
    case 'broker create':
      return {
        kind: 'Broker',
        ...common,
        retry: number('retry'),
        policy: flagValue('backoff-policy'),
        delay: flagValue('backoff-delay'),
        deadLetters: flagValue('dl-sink'),
      }
    case 'source binding create': {
      const [kind, apiVersion, labels] = flagValue('subject')?.split(':') ?? []
      return {
        kind: 'SinkBinding',
        ...common,
        sink: flagValue('sink'),
        subject: { kind, apiVersion, labels: pairs([labels!]) },
      }
    }
    case 'trigger create':
      return {
        kind: 'Trigger',
        ...common,
        broker: flagValue('broker'),
        filter: pairs(flags.get('filter')),
        sink: flagValue('sink'),
      }
    default:
      return {
        kind: 'PingSource',
        ...common,
        schedule: flagValue('schedule'),
        data: flagValue('data'),
        overrides: pairs(flags.get('ce-override')),
        sink: flagValue('sink'),
      }
  }
}

type Reference = { ref?: { kind: string; name: string; namespace?: string }; uri?: string }

const sinkOf = ({ ref, uri }: Reference): string | undefined =>
  ref ? `${{ Service: 'ksvc', Broker: 'broker' }[ref.kind]}:${ref.name}` : uri

/** The summary of a manifest: one of ours, or one that kn made. */
export const summaryOfManifest = ({ kind, metadata, spec }: Pick<Manifest, 'kind' | 'metadata' | 'spec'>): Summary => {
  const common = { kind, name: metadata.name, namespace: metadata.namespace }
  switch (kind) {
    case 'Service':
      return { ...common, ...summaryOfService({ metadata, spec }) }
    case 'Broker': {
      const { retry, backoffPolicy: policy, backoffDelay: delay, deadLetterSink } = spec.delivery
      const { ref, uri }: Reference = deadLetterSink
      const deadLetters = ref
        ? `http://${ref.name}.${ref.namespace ?? metadata.namespace}.svc.cluster.local${uri ?? ''}`
        : uri
      return { ...common, retry, policy, delay, deadLetters }
    }
    case 'SinkBinding': {
      const { kind, apiVersion, selector } = spec.subject
      return { ...common, sink: sinkOf(spec.sink), subject: { kind, apiVersion, labels: selector.matchLabels } }
    }
    case 'Trigger':
      return { ...common, broker: spec.broker, filter: spec.filter.attributes, sink: sinkOf(spec.subscriber) }
    case 'PingSource':
      return {
        ...common,
        schedule: spec.schedule,
        data: spec.data,
        overrides: spec.ceOverrides.extensions,
        sink: sinkOf(spec.sink),
      }
    default:
      throw new Error(`${kind} ${metadata.name}: kn cannot make this kind`)
  }
}

const summaryOfService = ({ metadata, spec }: Pick<Manifest, 'metadata' | 'spec'>) => {
  const { metadata: revision, spec: pod } = spec.template
  const [container] = pod.containers
  const scaling = (key: string) => revision.annotations[`autoscaling.knative.dev/${key}`]
  const { runAsUser, readOnlyRootFilesystem: _, ...security } = container.securityContext
  const { env, envFrom } = summaryOfEnv(container)
  const probe = container.readinessProbe.httpGet
  return {
    image: container.image,
    labels: metadata.labels,
    revisionLabels: revision.labels ?? {},
    scaling: Object.fromEntries(
      ['metric', 'target', 'window', 'min', 'max'].map(key => [
        key,
        scaling(key.startsWith('m') && key !== 'metric' ? `${key}-scale` : key),
      ]),
    ),
    concurrency: pod.containerConcurrency,
    timeoutS: pod.timeoutSeconds,
    env,
    envFrom,
    probe: `http:${probe.host ?? ''}:${probe.port || ''}:${probe.path}`,
    requests: container.resources.requests,
    limits: container.resources.limits,
    strict: JSON.stringify(sortedByKey(security)) === JSON.stringify(sortedByKey(strictSecurityContext)),
    user: runAsUser,
    mounts: Object.fromEntries(
      (container.volumeMounts as { name: string; mountPath: string }[]).map(({ name, mountPath }) => [
        mountPath,
        Object.keys(pod.volumes.find((volume: { name: string }) => volume.name === name)).find(key => key !== 'name'),
      ]),
    ),
  }
}

/** The variables of a container, and the ConfigMaps whose keys all become variables. */
const summaryOfEnv = (container: Untyped) => {
  const fromMaps = new Set<string>(
    (container.envFrom ?? []).map((one: EnvFrom) => `config-map:${one.configMapRef.name}`),
  )
  const env: Record<string, string> = {}
  for (const { name, value, valueFrom } of container.env) {
    const { secretKeyRef, configMapKeyRef } = valueFrom ?? {}
    if (secretKeyRef) env[name] = `secret:${secretKeyRef.name}:${secretKeyRef.key}`
    // If all keys of the ConfigMap become variables, this one gets the same name and value.
    else if (configMapKeyRef?.key === name) fromMaps.add(`config-map:${configMapKeyRef.name}`)
    else env[name] = value ?? JSON.stringify(valueFrom)
  }
  return { env, envFrom: [...fromMaps] }
}

interface EnvFrom {
  configMapRef: { name: string }
}

/** The security context that `--security-context strict` sets (knative/client, pkg/flags/podspec_helper.go). */
const strictSecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}

const sortedByKey = (value: object) => Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

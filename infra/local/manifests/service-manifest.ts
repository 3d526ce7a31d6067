import type { KubernetesObject } from './kubernetes-object.ts'
import type { EnvEntry, FunctionManifest } from './model.ts'
import { publicSecret, readPublic } from './public-access.ts'
import { YamlNode } from './yaml-node.ts'

export interface ParsedService {
  node: YamlNode
  function: Omit<FunctionManifest, 'sink' | 'ceOverrides'>
  labels: Record<string, string>
}

const VISIBILITY = 'networking.knative.dev/visibility'
const SCALING = 'autoscaling.knative.dev/'
const image = 'a function is a process of its bundle here, not a container'
const cluster = 'the cluster decides where a container runs and as whom'

/** A Service that runs one of our functions: one container, no start command of its own. */
export const readService = (object: KubernetesObject): ParsedService => {
  const { node, name, labels, annotations, spec } = object
  for (const [key, value] of Object.entries(annotations)) {
    if (key.startsWith(SCALING)) value.refuse('belongs in spec.template.metadata.annotations; Knative refuses it here')
    // A misspelt annotation of ours must not leave a function without its protection.
    if (key.startsWith('vigia.dev/') && key !== publicSecret) value.refuse('is not an annotation that Vigia has')
    if (key !== publicSecret) value.ignore('an annotation for the cluster')
  }
  const visibility = labels[VISIBILITY]
  if (visibility !== undefined && visibility !== 'cluster-local')
    node.refuse(`has the label ${VISIBILITY}: ${visibility}; the only value is cluster-local`)

  const { template, traffic } = spec.fields(['template', 'traffic'])
  if (traffic) readTraffic(traffic)
  const templateFields = YamlNode.required(template, spec, 'template').fields(['metadata', 'spec'])
  const metadata = templateFields.metadata?.fields(['annotations', 'name'], { labels: 'labels are for the cluster' })
  metadata?.name?.refuse('must change with every edit; leave it out')
  const pod = YamlNode.required(templateFields.spec, template!, 'spec')
  const { containers, volumes, ...limits } = pod.fields(
    [
      'containers',
      'volumes',
      'containerConcurrency',
      'timeoutSeconds',
      'responseStartTimeoutSeconds',
      'idleTimeoutSeconds',
    ],
    {
      serviceAccountName: cluster,
      automountServiceAccountToken: cluster,
      imagePullSecrets: image,
      enableServiceLinks: cluster,
      securityContext: cluster,
      nodeSelector: cluster,
      tolerations: cluster,
      affinity: cluster,
      topologySpreadConstraints: cluster,
      runtimeClassName: cluster,
      priorityClassName: cluster,
    },
  )
  limits.idleTimeoutSeconds?.refuse('is not honoured on one machine; timeoutSeconds bounds the whole request')
  for (const volume of volumes?.list() ?? []) readVolume(volume)
  const [container, ...others] = YamlNode.required(containers, pod, 'containers').list()
  if (!container || others.length > 0) return containers!.refuse('should have exactly one container')
  const containerConcurrency = limits.containerConcurrency?.integer(0, 1000) ?? 0
  // 0 is Knative's default of 300 s.
  const timeoutSeconds = limits.timeoutSeconds?.integer(0, 600) || 300
  if ((limits.responseStartTimeoutSeconds?.integer(0, 600) ?? timeoutSeconds) !== timeoutSeconds)
    limits.responseStartTimeoutSeconds!.refuse('should be equal to timeoutSeconds, which bounds the whole request here')
  const read = readContainer(container)
  return {
    node,
    labels,
    function: {
      ...node.origin,
      name,
      visibility: visibility === 'cluster-local' ? 'cluster-local' : 'public',
      public: readPublic(object, visibility === 'cluster-local', read.env),
      containerConcurrency,
      timeoutMs: timeoutSeconds * 1000,
      ...readScaling(metadata?.annotations, containerConcurrency),
      ...read,
    },
  }
}

const readTraffic = (traffic: YamlNode) => {
  const [only, ...others] = traffic.list()
  const fields = only?.fields(['latestRevision', 'percent'])
  if (
    others.length > 0 ||
    fields?.latestRevision?.boolean() !== true ||
    (fields.percent?.integer(0, 100) ?? 100) !== 100
  )
    traffic.refuse('splits traffic; one machine runs the newest revision only')
}

const readVolume = (volume: YamlNode) => {
  const { emptyDir } = volume.fields(['name', 'emptyDir'])
  if (!emptyDir)
    volume.refuse('is not an emptyDir; on one machine a function has only the temporary folder of the machine')
  emptyDir.ignore("a function has the machine's temporary folder")
}

const readContainer = (container: YamlNode) => {
  const fields = container.fields(['env', 'readinessProbe'], {
    name: image,
    image,
    imagePullPolicy: image,
    ports: 'every process has a port of its own, told by PORT',
    livenessProbe: 'a process that exits is started again by the next request',
    startupProbe: 'the readiness probe says when a process has started',
    resources: "the machine's own limits hold",
    securityContext: cluster,
    volumeMounts: "a function has the machine's temporary folder",
    terminationMessagePath: cluster,
    terminationMessagePolicy: cluster,
  })
  const env = readEnv(YamlNode.required(fields.env, container, 'env'))
  const target = env.find(({ name }) => name === 'FUNCTION_TARGET')
  if (!target || !('value' in target))
    return fields.env!.refuse('has no FUNCTION_TARGET with a value: the function to run')
  if (!/^[a-z0-9-]+$/.test(target.value))
    fields.env!.refuse(`has FUNCTION_TARGET "${target.value}", which is not a valid folder name`)
  return { env, target: target.value, readinessPath: readProbe(fields.readinessProbe) }
}

const reserved = ['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION', 'K_SINK', 'K_CE_OVERRIDES']

const readEnv = (env: YamlNode): EnvEntry[] => {
  const seen = new Set<string>()
  return env.list().map(entry => {
    const fields = entry.fields(['name', 'value', 'valueFrom'])
    const name = YamlNode.required(fields.name, entry, 'name')
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name.nonEmptyString()))
      name.refuse(`is "${name.nonEmptyString()}", which is not a valid variable name`)
    if (reserved.includes(name.nonEmptyString()))
      name.refuse(`is ${name.nonEmptyString()}, which Knative sets itself; remove it`)
    if (seen.has(name.nonEmptyString())) name.refuse(`is ${name.nonEmptyString()} for the second time`)
    seen.add(name.nonEmptyString())
    if (Boolean(fields.value) === Boolean(fields.valueFrom)) entry.refuse('needs a value or a valueFrom')
    return {
      ...entry.origin,
      name: name.nonEmptyString(),
      ...(fields.value ? readValue(fields.value) : readReference(fields.valueFrom!)),
    }
  })
}

const readValue = (place: YamlNode) => {
  const value = place.string()
  if (value.includes('$(')) place.refuse('has a $(…) reference, which is not expanded on one machine')
  return { value }
}

/** A key of a Secret or ConfigMap is the runtime's variable of that name. */
const readReference = (place: YamlNode) => {
  const { secretKeyRef, configMapKeyRef } = place.fields(['secretKeyRef', 'configMapKeyRef'])
  const reference = secretKeyRef ?? configMapKeyRef
  if (!reference || (secretKeyRef && configMapKeyRef)) return place.refuse('needs a secretKeyRef or a configMapKeyRef')
  const fields = reference.fields(['name', 'key', 'optional'])
  YamlNode.required(fields.name, reference, 'name').nonEmptyString()
  return {
    key: YamlNode.required(fields.key, reference, 'key').nonEmptyString(),
    optional: fields.optional?.boolean() ?? false,
  }
}

const readProbe = (probe: YamlNode | undefined): string | null => {
  if (!probe) return null
  const pace = 'a starting process is asked every few milliseconds'
  const fields = probe.fields(['httpGet', 'tcpSocket'], {
    initialDelaySeconds: pace,
    periodSeconds: pace,
    timeoutSeconds: pace,
    successThreshold: pace,
    failureThreshold: pace,
  })
  if (Boolean(fields.httpGet) === Boolean(fields.tcpSocket)) probe.refuse('needs httpGet or tcpSocket')
  const port = 'every process has a port of its own, told by PORT'
  fields.tcpSocket?.fields([], { port })
  const { path, scheme } = fields.httpGet?.fields(['path', 'scheme'], { port }) ?? {}
  if (scheme && scheme.nonEmptyString() !== 'HTTP') scheme.refuse('should be HTTP')
  if (!fields.httpGet) return null
  if (path && !path.nonEmptyString().startsWith('/')) path.refuse('should begin with /')
  return path?.nonEmptyString() ?? '/'
}

const readScaling = (annotations: YamlNode | undefined, containerConcurrency: number) => {
  const said = new Map<string, YamlNode>()
  for (const [key, value] of annotations?.entries() ?? [])
    if (key.startsWith(SCALING)) said.set(key.slice(SCALING.length), value)
    else if (key === 'serving.knative.dev/progress-deadline') said.set(key, value)
    else if (key.endsWith('.knative.dev/rollout-duration'))
      value.refuse('belongs in metadata.annotations of the Service')
    else value.ignore('an annotation for the cluster')
  const take = (key: string) => {
    const place = said.get(key)
    said.delete(key)
    return place
  }
  const count = (key: string, least: number) => {
    const place = take(key)
    if (!place) return undefined
    if (!/^\d{1,6}$/.test(place.string()) || Number(place.string()) < least)
      place.refuse(`should be a whole number in quotes, at least ${least}`)
    return Number(place.string())
  }
  const seconds = (key: string, least: number) => {
    const place = take(key)
    return place && goSeconds(place, least)
  }
  const expect = (key: string, value: string) => {
    const place = take(key)
    if (place && place.string() !== value) place.refuse(`should be ${value}: one machine scales by requests in flight`)
  }

  expect('class', 'kpa.autoscaling.knative.dev')
  expect('metric', 'concurrency')
  if (said.get('initial-scale')?.string() === '0')
    said.get('initial-scale')!.refuse('is refused by clusters by default; leave it out')
  const target = take('target')
  if (target && !(Number(target.string()) >= 0.01)) target.refuse('should be a number in quotes, at least 0.01')
  if (target && containerConcurrency > 0) target.ignore('a process is added when containerConcurrency is full')
  const minScale = count('min-scale', 0) ?? 0
  const maxPlace = said.get('max-scale')
  const maxScale = count('max-scale', 0) ?? 0
  if (maxScale > 0 && maxScale < minScale) maxPlace!.refuse('is below min-scale')
  const activationScale = count('activation-scale', 2) ?? 1
  const windowMs = seconds('window', 6) ?? 60_000
  const retentionMs = seconds('scale-to-zero-pod-retention-period', 0) ?? 0
  const delayMs = seconds('scale-down-delay', 0) ?? 0
  const startTimeoutMs = seconds('serving.knative.dev/progress-deadline', 1)
  for (const [key, place] of said)
    if (clusterOnly.includes(key)) place.ignore('tunes the autoscaler of a cluster')
    else place.refuse('is not an annotation of the autoscaler; remove it or correct its name')
  return {
    softConcurrency: Math.max(1, Math.floor(Number(target?.string() ?? 100))),
    minScale,
    maxScale,
    activationScale,
    idleMs: windowMs + Math.max(retentionMs, delayMs),
    startTimeoutMs: startTimeoutMs ?? DEFAULT_START_MS,
  }
}

// Knative's own deadline of 600 s is for pulling images and finding a node.
const DEFAULT_START_MS = 30_000
const clusterOnly = [
  'initial-scale',
  'target-utilization-percentage',
  'panic-window-percentage',
  'panic-threshold-percentage',
  'target-burst-capacity',
]

/** A Go duration of whole seconds, at most an hour, in milliseconds. */
const goSeconds = (place: YamlNode, least: number) => {
  const [, hours = 0, minutes = 0, seconds = 0] = /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(place.string()) ?? []
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const isZero = place.string() === '0s' || place.string() === '0'
  if ((total === 0 && !isZero) || total < least || total > 3600)
    place.refuse(`should be a duration in whole seconds from ${least}s to 1h, such as 30s`)
  return total * 1000
}

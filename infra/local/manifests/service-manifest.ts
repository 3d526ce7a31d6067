import { readEnv } from './container-env.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { EnvEntry, FunctionManifest } from './model.ts'
import { publicSecret, readPublic } from './public-access.ts'
import { readScaling, scalingPrefix } from './scaling-annotations.ts'
import { YamlNode } from './yaml-node.ts'

export interface ParsedService {
  node: YamlNode
  /** The function without `sink` and `ceOverrides`, which come from a SinkBinding. */
  function: Omit<FunctionManifest, 'sink' | 'ceOverrides'>
  labels: Record<string, string>
}

const visibilityLabel = 'networking.knative.dev/visibility'
const image = 'a function is a process of its bundle here, not a container'
const cluster = 'the cluster decides where a container runs and as which user'
const temporaryFolder = 'a function has the temporary folder of the machine'
const port = 'every process has a port of its own, in the variable PORT'
const pace = 'a starting process is asked every few milliseconds'

/** Knative's default. `timeoutSeconds: 0` means this default too. */
const defaultTimeoutSeconds = 300

/** Reads a Service that runs a function: it has one container, without a start command. */
export const readService = (object: KubernetesObject): ParsedService => {
  const { node, name, labels, annotations, spec } = object
  readAnnotations(annotations)
  const visibility = labels[visibilityLabel]
  if (visibility !== undefined && visibility !== 'cluster-local')
    node.refuse(`has the label ${visibilityLabel}: ${visibility}; write cluster-local or remove the label`)

  const { template, traffic } = spec.fields(['template', 'traffic'])
  if (traffic) readTraffic(traffic)
  const templateFields = YamlNode.required(template, spec, 'template').fields(['metadata', 'spec'])
  const metadata = templateFields.metadata?.fields(['annotations', 'name'], { labels: 'labels are for the cluster' })
  metadata?.name?.refuse('must change with every edit; leave it out')
  const pod = readPod(YamlNode.required(templateFields.spec, template!, 'spec'))
  return {
    node,
    labels,
    function: {
      ...node.origin,
      name,
      visibility: visibility === 'cluster-local' ? 'cluster-local' : 'public',
      public: readPublic(object, visibility === 'cluster-local', pod.env),
      ...readScaling(metadata?.annotations, pod.containerConcurrency),
      ...pod,
    },
  }
}

const readAnnotations = (annotations: KubernetesObject['annotations']) => {
  for (const [key, value] of Object.entries(annotations)) {
    if (key.startsWith(scalingPrefix))
      value.refuse('belongs in spec.template.metadata.annotations; Knative refuses it here')
    if (key === publicSecret) continue
    // A misspelt annotation of Vigia must not leave a function without its protection.
    if (key.startsWith('vigia.dev/')) value.refuse(`is not an annotation of Vigia; write ${publicSecret} or remove it`)
    value.ignore('an annotation for the cluster')
  }
}

const readTraffic = (traffic: YamlNode) => {
  const [only, ...others] = traffic.list()
  const fields = only?.fields(['latestRevision', 'percent'])
  const isWhole = (fields?.percent?.integer(0, 100) ?? 100) === 100
  if (others.length > 0 || fields?.latestRevision?.boolean() !== true || !isWhole)
    traffic.refuse('splits traffic; one machine runs the newest revision only, so remove it')
}

type Pod = Pick<FunctionManifest, 'containerConcurrency' | 'timeoutMs' | 'env' | 'target' | 'readinessPath'>

const readPod = (pod: YamlNode): Pod => {
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
  limits.idleTimeoutSeconds?.refuse('has no effect on one machine; remove it, timeoutSeconds limits the whole request')
  for (const volume of volumes?.list() ?? []) readVolume(volume)
  const [container, ...others] = YamlNode.required(containers, pod, 'containers').list()
  if (!container || others.length > 0) return containers!.refuse('should have exactly one container')
  const containerConcurrency = limits.containerConcurrency?.integer(0, 1000) ?? 0
  const timeoutSeconds = limits.timeoutSeconds?.integer(0, 600) || defaultTimeoutSeconds
  if ((limits.responseStartTimeoutSeconds?.integer(0, 600) ?? timeoutSeconds) !== timeoutSeconds)
    limits.responseStartTimeoutSeconds!.refuse(
      'should be equal to timeoutSeconds, which limits the whole request here; or leave it out',
    )
  return { containerConcurrency, timeoutMs: timeoutSeconds * 1000, ...readContainer(container) }
}

const readVolume = (volume: YamlNode) => {
  const { emptyDir } = volume.fields(['name', 'emptyDir'])
  if (!emptyDir) volume.refuse('is not an emptyDir; on one machine a function has only the temporary folder')
  emptyDir.ignore(temporaryFolder)
}

const readContainer = (container: YamlNode): { env: EnvEntry[]; target: string; readinessPath: string | null } => {
  const fields = container.fields(['env', 'readinessProbe'], {
    name: image,
    image,
    imagePullPolicy: image,
    ports: port,
    livenessProbe: 'a process that exits is started again by the next request',
    startupProbe: 'the readiness probe says when a process has started',
    resources: 'the limits of the machine apply',
    securityContext: cluster,
    volumeMounts: temporaryFolder,
    terminationMessagePath: cluster,
    terminationMessagePolicy: cluster,
  })
  const envNode = YamlNode.required(fields.env, container, 'env')
  const env = readEnv(envNode)
  const target = env.find(({ name }) => name === 'FUNCTION_TARGET')
  if (!target || !('value' in target))
    return envNode.refuse('has no FUNCTION_TARGET with a value; add it, it names the folder of the function')
  if (!/^[a-z0-9-]+$/.test(target.value))
    envNode.refuse(
      `has FUNCTION_TARGET "${target.value}", which is not a valid folder name; write a folder of functions/`,
    )
  return { env, target: target.value, readinessPath: readProbe(fields.readinessProbe) }
}

/** Reads the path of an HTTP probe; null when the process is ready as soon as its port accepts connections. */
const readProbe = (probe: YamlNode | undefined): string | null => {
  if (!probe) return null
  const fields = probe.fields(['httpGet', 'tcpSocket'], {
    initialDelaySeconds: pace,
    periodSeconds: pace,
    timeoutSeconds: pace,
    successThreshold: pace,
    failureThreshold: pace,
  })
  if (Boolean(fields.httpGet) === Boolean(fields.tcpSocket)) probe.refuse('needs httpGet or tcpSocket, and not both')
  fields.tcpSocket?.fields([], { port })
  const { path, scheme } = fields.httpGet?.fields(['path', 'scheme'], { port }) ?? {}
  if (scheme && scheme.nonEmptyString() !== 'HTTP') scheme.refuse('should be HTTP')
  if (!fields.httpGet) return null
  if (path && !path.nonEmptyString().startsWith('/')) path.refuse('should begin with /')
  return path?.nonEmptyString() ?? '/'
}
